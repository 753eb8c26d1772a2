// The document, line by line, on the nodes as they are set up: docs/spec-coverage.md.
import * as assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import {
  assertUnchanged,
  backUp,
  CLUSTER,
  fanops,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  leader,
  standbysStream,
  textOn,
} from './on-lab.ts';
import { isSaid, specRows } from './spec-rows.ts';

const hosts = { leader: '', replica: '', blockchain: 'db3' };
/** The lab's inventory and a group blockchain, of one member. */
const folder = mkdtempSync(join(tmpdir(), 'fanops-spec-'));
const inventory = join(folder, 'inventory.yml');
const install = ['playbooks/install.yml', '-i', inventory];
const GROUP = `
    blockchain:
      hosts:
        ${hosts.blockchain}:
      vars:
        blockchain_database: /srv/chain/chain.db
`;
const DATABASE = `apt-get install -qy sqlite3 >/dev/null
  install -d -o postgres -g postgres /srv/chain && runuser -u postgres -- sqlite3 /srv/chain/chain.db \
  'create table if not exists blocks (height integer primary key); insert or ignore into blocks values (1)'`;

test.before(() => {
  fanopsEnds(0, 'lab', 'up');
  // The document begins on new machines; no backup of another test's timelines is there to be verified.
  fanopsEnds(0, 'lab', 'reset');
  writeFileSync(inventory, `${readFileSync(INVENTORY, 'utf8').trimEnd()}${GROUP}`);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  textOn(hosts.blockchain, DATABASE);
  fanopsEnds(0, 'apply', ...install, '--yes');
  hosts.leader = leader();
  hosts.replica = HOSTS.find((host) => host !== hosts.leader && host !== hosts.blockchain) ?? assert.fail();
  backUp(hosts.leader, '--verify');
});
test.after(() => rmSync(folder, { recursive: true }));

for (const { section, kind, command, host, user, run, status, said, seen } of specRows().filter(
  (row) => row.run !== '',
))
  test(`${section}, ${kind}: ${command}`, () => {
    const shell = user === 'postgres' ? 'runuser -l postgres -c "bash -l"' : 'cd / && exec bash -l';
    const on = hosts[host as keyof typeof hosts] ?? hosts.leader;
    const ended = fanops(['lab', 'ssh', on, shell], run);
    assert.equal(ended.status, status, `${on}: ${ended.all.slice(-3000)}`);
    assert.ok(isSaid(said, ended.all), `expected ${said}: ${ended.all.slice(-3000)}`);
    if (seen !== '') textOn(on, seen);
    if (command.includes('start patroni') || command.includes('reinit')) standbysStream(hosts.leader);
  });

test('afterwards both playbooks find nothing to change', () => {
  for (const playbook of [CLUSTER, install]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
});

test('a host that is in the group blockchain only is served by a playbook of its own', () => {
  const text = readFileSync(INVENTORY, 'utf8').trimEnd();
  const address =
    new RegExp(`\\n +${hosts.blockchain}:\\n +(ansible_host: \\S+)`).exec(text) ?? assert.fail();
  const login = text.slice(text.indexOf('        ansible_user:'));
  const alone =
    text.replace(address[0], '') + GROUP.replace(/:\n( +vars:)/, `:\n          ${address[1]}\n$1`) + login;
  writeFileSync(inventory, `${alone}\n`);
  const playbook = ['playbooks/install-blockchain.yml', '-i', inventory];
  const missing = fanops(['apply', ...playbook, '--yes', '-e', 'blockchain_database=/srv/none.db']);
  assert.notEqual(missing.status, 0);
  assert.match(missing.all, /There is no blockchain's database \/srv\/none.db on db3/);
  fanopsEnds(0, 'apply', ...playbook, '--yes');
  assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
  const scripts = '/opt/fanatico/backup/scripts';
  assert.match(textOn(hosts.blockchain, `${scripts}/backup-blockchain.sh 2>&1`), /: stored,/);
  assert.match(
    textOn(hosts.blockchain, `${scripts}/restore-blockchain.sh latest --verify-only 2>&1`),
    /is whole/,
  );
  textOn(
    hosts.blockchain,
    `${scripts}/backup-retention.sh && ! grep backup-full /etc/cron.d/fanatico-backup`,
  );
});

test.run();
