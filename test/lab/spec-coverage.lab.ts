// The document, line by line, on the nodes as they are set up: docs/spec-coverage.md.
import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { backUpBlockchain, blockOn, haveBlocks, writeBlockchainInventory } from './blockchain-lab.ts';
import {
  assertUnchanged,
  backUp,
  CLUSTER,
  fanops,
  fanopsEnds,
  HOSTS,
  leader,
  soon,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
  tryOn,
} from './on-lab.ts';
import { isSaid, specRows } from './spec-rows.ts';

const hosts = { leader: '', replica: '', blockchain: 'db3' };
/** The lab's inventory and a group blockchain, of one host. */
const folder = mkdtempSync(join(tmpdir(), 'fanops-spec-'));
const inventory = join(folder, 'inventory.yml');
const install = ['playbooks/install.yml', '-i', inventory];
test.before(() => {
  fanopsEnds(0, 'lab', 'up');
  // The document begins on new machines; no backup of another test's timelines is there to be verified.
  fanopsEnds(0, 'lab', 'reset');
  writeBlockchainInventory(inventory, hosts.blockchain, false);
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  haveBlocks(hosts.blockchain, 1);
  fanopsEnds(0, 'apply', ...install, '--yes');
  const leads = leader();
  // It is cut off from the cluster below.
  hosts.leader = leads === hosts.blockchain ? switchOver(leads, 'db1') : leads;
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
    const ended = tryOn(on, shell, run);
    assert.equal(ended.status, status, `${on}: ${ended.all.slice(-3000)}`);
    assert.ok(isSaid(said, ended.all), `expected ${said}: ${ended.all.slice(-3000)}`);
    if (seen !== '') textOn(on, seen);
    if (command.includes('start patroni') || command.includes('reinit')) standbysStream(hosts.leader);
  });

test('afterwards both playbooks find nothing to change', () => {
  for (const playbook of [CLUSTER, install]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
});

test('a host that is in the group blockchain only is served by a playbook of its own', () => {
  writeBlockchainInventory(inventory, hosts.blockchain, true);
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

test('recover-cluster.yml goes to it at its end: says what does not fit, and restores it where that is asked for', () => {
  const host = hosts.blockchain;
  // Without a server of its own, and no member of the cluster any more once its key in the DCS has expired.
  textOn(host, 'systemctl stop patroni');
  try {
    soon('the cluster goes without it', () => !textOn('db1', 'patronictl list').includes(` ${host} `));
    const { lsn, postgresql } = backUpBlockchain(host);
    assert.match(`${lsn} ${postgresql}`, /^[0-9A-F]+\/[0-9A-F]+ \d{19}$/);
    haveBlocks(host, 2);
    sqlOn(hosts.leader, 'create table if not exists moved (n int); insert into moved values (1)');
    const run = [
      'run',
      'playbooks/recover-cluster.yml',
      '-i',
      inventory,
      '-e',
      `target=${hosts.leader}`,
      '--yes',
    ];
    const compared = fanopsEnds(0, ...run, '--from', '19');
    const warned = /RUNBOOK done.*\n\n\d+ warnings?:\n[\s\S]*/.exec(compared.all)?.[0] ?? '';
    assert.match(
      warned,
      /step 19 .*, db3:\n.*chain\.db is at block 2\n.*is whole: block 1.*\n +MISMATCH: PostgreSQL is at/,
    );
    assert.equal(blockOn(host), 2);
    fanopsEnds(0, ...run, '-e', 'blockchain=latest', '--from', '19');
    assert.equal(blockOn(host), 1);
    const none = ['-e', 'blockchain=blockchain_backup_20260101_000000.tar.gz'];
    assert.match(fanopsEnds(5, ...run, ...none, '--from', '20').all, /is nowhere to be had/);
  } finally {
    textOn(host, 'systemctl start patroni');
  }
  standbysStream(hosts.leader);
});

test.run();
