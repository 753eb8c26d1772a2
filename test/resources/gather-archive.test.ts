// What another host's archive holds and this one does not is copied to where its restores look.
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import { gatherArchive } from '../../src/resources/gather-archive.ts';
import { actions, applied, failure, withHosts } from '../support/applied.ts';
import type { LocalHosts } from '../support/local-run.ts';
import { expectRefusedArgs } from './cases.ts';

const ARCHIVE = "ar'chive $(x)";
const GATHERED = 'gathered';
const WAL = 'wal/000000010000000000000007.gz';
const FULL = 'full/full_backup_20261122_020000.tar.gz';

const { username } = userInfo();
const PLAYBOOK = (hosts: LocalHosts, ...more: readonly string[]): string => `
- hosts: h1
  tasks:
    - name: gather
      gather_archive:
        from: "{{ item }}"
        path: "{{ root }}/archive"
        from_path: "${archive(hosts)}"
        gathered: "{{ root }}/${GATHERED}"
        owner: ${username}
        group: "${groupName(hosts)}"
        ${more.join('')}
      loop: [h2]
      register: gathered
`;

function groupName(hosts: LocalHosts): string {
  const { gid } = statSync(hosts.root('h1'));
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((one) => one.split(':')[2] === `${gid}`);
  return line?.split(':')[0] ?? `${gid}`;
}

/** As backup-store.sh leaves it: artefact, then sidecar, one field a line. */
function store(root: string, path: string, stored: string, plain: string): void {
  const at = join(root, path);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, stored);
  const sidecar = [
    `  "name": "${path.split('/').at(-1)}"`,
    `  "size": ${Buffer.byteLength(stored)}`,
    `  "sha256": "${sum(stored)}"`,
    `  "plain_sha256": "${sum(plain)}"`,
  ];
  writeFileSync(`${at}.json`, `{\n${sidecar.join(',\n')}\n}\n`);
}

function found(root: string, systemIdentifier: string): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'CLUSTER.json'), `{\n  "system_identifier": "${systemIdentifier}"\n}\n`);
}

const sum = (text: string): string => createHash('sha256').update(text).digest('hex');
const archive = (hosts: LocalHosts): string => join(hosts.root('h2'), ARCHIVE);
const came = (hosts: LocalHosts, path: string): string => join(hosts.root('h1'), GATHERED, 'h2', path);

test('what is archived there between plan and run comes along, also where nothing was to come', () =>
  withHosts(2, async (hosts) => {
    const next = WAL.replace('7.gz', '8.gz');
    found(archive(hosts), '77');
    const planned = await applied(hosts, PLAYBOOK(hosts), () =>
      store(archive(hosts), WAL, 'salted wal', 'wal'),
    );
    assert.equal(planned.outcome, 'done');
    store(archive(hosts), FULL, 'salted full', 'full');
    const more = await applied(hosts, PLAYBOOK(hosts), () =>
      store(archive(hosts), next, 'more salted wal', 'more wal'),
    );
    assert.equal(more.outcome, 'done');
    for (const path of [WAL, FULL, next]) assert.ok(existsSync(came(hosts, path)), path);
  }));

test('fulls and WAL come with sidecars, sums and CLUSTER.json, closed to others, and do not come twice', () =>
  withHosts(2, async (hosts) => {
    found(archive(hosts), '77');
    store(archive(hosts), WAL, 'salted wal', 'wal');
    store(archive(hosts), FULL, 'salted full', 'full');
    writeFileSync(join(archive(hosts), `${FULL}.sha256`), 'sum');
    writeFileSync(join(archive(hosts), 'wal', '.half.gz.tmp'), 'x');
    store(archive(hosts), 'config/config_backup_20261122_020000.tar.gz', 'c', 'c');
    const { outcome } = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(outcome, 'done');
    for (const path of ['CLUSTER.json', WAL, `${WAL}.json`, FULL, `${FULL}.sha256`, `${FULL}.json`]) {
      assert.equal(readFileSync(came(hosts, path), 'utf8'), readFileSync(join(archive(hosts), path), 'utf8'));
      assert.equal(statSync(came(hosts, path)).mode & 0o777, 0o600, path);
    }
    assert.equal(statSync(came(hosts, 'wal')).mode & 0o777, 0o700);
    assert.equal(existsSync(came(hosts, 'config')), false);
    assert.deepEqual(actions((await applied(hosts, PLAYBOOK(hosts))).plan), ['h1 gather: none']);
  }));

test('what is here under another ciphertext does not come; what arrived damaged comes again', () =>
  withHosts(2, async (hosts) => {
    store(archive(hosts), WAL, 'one salt', 'wal');
    store(join(hosts.root('h1'), GATHERED, 'h3'), WAL, 'another salt', 'wal');
    assert.deepEqual(actions((await applied(hosts, PLAYBOOK(hosts))).plan), ['h1 gather: none']);
    rmSync(join(hosts.root('h1'), GATHERED), { recursive: true });
    assert.equal((await applied(hosts, PLAYBOOK(hosts))).outcome, 'done');
    truncateSync(came(hosts, WAL), 3);
    assert.equal((await applied(hosts, PLAYBOOK(hosts))).outcome, 'done');
    assert.equal(readFileSync(came(hosts, WAL), 'utf8'), 'one salt');
  }));

test('what is incomplete there stays there', () =>
  withHosts(2, async (hosts) => {
    store(archive(hosts), WAL, 'salted', 'wal');
    store(archive(hosts), FULL, 'salted', 'full');
    truncateSync(join(archive(hosts), WAL), 2);
    writeFileSync(join(archive(hosts), 'wal', '000000010000000000000008.gz'), 'no sidecar yet');
    const { outcome, plan } = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(outcome, 'done');
    assert.equal(existsSync(came(hosts, 'wal')), false);
    assert.equal(readFileSync(came(hosts, FULL), 'utf8'), 'salted');
    assert.match(
      JSON.stringify(plan),
      /"field":"incomplete on h2","after":"wal\/000000010000000000000007.gz"/,
    );
    // Also when nothing else has to come any more.
    const again = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(again.outcome, 'done');
    assert.match(JSON.stringify(again.plan), /incomplete on h2.*nothing whole has to come from h2/);
  }));

test('what would not fit is refused before anything is copied', () =>
  withHosts(2, async (hosts) => {
    store(archive(hosts), WAL, 'salted', 'wal');
    // A sparse file takes no room where it is, and more than there is where it would go.
    const { bavail, bsize } = statfsSync(hosts.root('h1'));
    const real = bavail * bsize + 2 ** 30;
    const sidecar = join(archive(hosts), `${WAL}.json`);
    truncateSync(join(archive(hosts), WAL), real);
    writeFileSync(sidecar, readFileSync(sidecar, 'utf8').replace(/"size": \d+/, `"size": ${real}`));
    const refused = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(refused.outcome, 'failed');
    assert.match(
      failure(refused.events).message,
      /what h2 alone holds takes \d+\.\d MiB, and .* free: make room/,
    );
    assert.equal(existsSync(came(hosts, 'wal')), false);
  }));

test('what came goes again, but for what its own host does not hold any more', () =>
  withHosts(2, async (hosts) => {
    found(archive(hosts), '77');
    store(archive(hosts), WAL, 'salted wal', 'wal');
    store(archive(hosts), FULL, 'salted full', 'full');
    assert.equal((await applied(hosts, PLAYBOOK(hosts))).outcome, 'done');
    rmSync(join(archive(hosts), WAL));
    const gone = PLAYBOOK(hosts, 'state: absent');
    const first = await applied(hosts, gone);
    assert.equal(first.outcome, 'done');
    assert.match(JSON.stringify(first.plan), /removes 1 artefacts that h2 holds itself; keeps 1/);
    for (const path of [WAL, `${WAL}.json`, 'CLUSTER.json']) assert.ok(existsSync(came(hosts, path)), path);
    assert.equal(existsSync(came(hosts, 'full')), false);
    assert.deepEqual(actions((await applied(hosts, gone)).plan), ['h1 gather: none']);
    store(archive(hosts), WAL, 'another salt', 'wal');
    assert.equal((await applied(hosts, gone)).outcome, 'done');
    assert.equal(existsSync(join(hosts.root('h1'), GATHERED, 'h2')), false);
    assert.equal(readFileSync(join(archive(hosts), WAL), 'utf8'), 'another salt');
  }));

test('one name with two contents is refused with both, and so is the archive of another system', () =>
  withHosts(2, async (hosts) => {
    store(archive(hosts), WAL, 'salted', 'wal');
    store(join(hosts.root('h1'), GATHERED, 'h3'), WAL, 'salted', 'other');
    const first = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(first.outcome, 'failed');
    const { message } = failure(first.events);
    for (const part of ['one name, two contents', sum('wal'), sum('other'), 'on h2', 'gathered/h3/wal'])
      assert.ok(message.includes(part), message);
    assert.equal(existsSync(came(hosts, 'wal')), false);
    rmSync(join(hosts.root('h1'), GATHERED), { recursive: true });
    found(archive(hosts), '77');
    found(join(hosts.root('h1'), 'archive'), '78');
    const second = await applied(hosts, PLAYBOOK(hosts));
    assert.match(failure(second.events).message, /archive of another system \(77; here 78\)/);
  }));

test('an archive that cannot be read is no empty one; one that is not there is', () =>
  withHosts(2, async (hosts) => {
    assert.deepEqual(actions((await applied(hosts, PLAYBOOK(hosts))).plan), ['h1 gather: none']);
    writeFileSync(archive(hosts), 'a file');
    const refused = await applied(hosts, PLAYBOOK(hosts));
    assert.equal(refused.outcome, 'failed');
    assert.match(
      failure(refused.events).message,
      /could not look at .* on h2: .* is a file, not a directory/,
    );
    rmSync(archive(hosts));
    found(archive(hosts), '77');
    chmodSync(archive(hosts), 0o700);
    assert.deepEqual(actions((await applied(hosts, PLAYBOOK(hosts))).plan), ['h1 gather: none']);
  }));

expectRefusedArgs(test, gatherArchive, [
  {},
  { from: 'db2', kinds: [] },
  { from: 'db2', kinds: ['x'] },
  { from: 'db2', path: 'a' },
]);

test.run();
