// backup-full.sh, and archiving through backup-wal.sh, with a real PostgreSQL.
import * as assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { ended, PG_BIN, run, sidecarOf } from './backup-host.ts';
import { FullBackups, until } from './full-backups.ts';
import { PostgresServer } from './postgres-server.ts';
import { refused, succeeded } from './ran.ts';
import { onSmallDisk } from './small-disk.ts';

const test = suite('backup-full.sh');
const on = new FullBackups();
on.prepare(test);

/** The names of the full backups; that nothing else is there but their companions and the link is checked too. */
function fulls(): string[] {
  const names = readdirSync(on.host.full).filter((name) => name !== 'latest.tar.gz');
  const backups = names.filter((name) => name.endsWith('.tar.gz'));
  assert.deepEqual(names.sort(), backups.flatMap((name) => [name, `${name}.json`, `${name}.sha256`]).sort());
  return backups;
}

const slots = () => on.server.sql('select count(*) from pg_replication_slots');

/** Decrypts by the documented command, unpacks, and lets pg_verifybackup judge. */
function verifiesByHand(name: string): void {
  const data = join(on.host.dir, 'unpacked');
  mkdirSync(data);
  const decrypt = `openssl enc -d -aes-256-cbc -pbkdf2 -pass file:${on.host.key} -in ${join(on.host.full, name)}`;
  run('bash', ['-c', `set -o pipefail; ${decrypt} | gunzip | tar -x -C ${data}`]);
  run(join(PG_BIN, 'pg_verifybackup'), [data]);
  rmSync(data, { recursive: true });
}

test('archives without a failure, and makes a full backup that decrypts, verifies and is the latest', async () => {
  on.archive();
  const made = await on.full(['--verify']);
  assert.equal(made.status, 0, made.stderr);
  const [name = ''] = fulls();
  assert.equal(readlinkSync(join(on.host.full, 'latest.tar.gz')), name);
  const sidecar = sidecarOf(readFileSync(join(on.host.full, `${name}.json`), 'utf8'));
  assert.equal(sidecar.system_identifier, on.server.sql('select system_identifier from pg_control_system()'));
  assert.equal(sidecar.role, 'leader');
  assert.equal(sidecar.max_connections, 100);
  assert.ok(String(sidecar.started_at) < String(sidecar.ended_at));
  await on.archived();
  assert.ok(existsSync(join(on.host.wal, `${sidecar.first_wal}.gz.json`)));
  verifiesByHand(name);
  run('bash', ['-c', `cd ${on.host.full} && sha256sum -c --quiet *.sha256`]);
  assert.equal(on.server.sql('select failed_count from pg_stat_archiver'), '0');
  assert.equal(slots(), '0');
  const verified = await on.host.run('backup-verify.sh', ['--deep'], { ...on.server.settings, PG_BIN });
  assert.equal(verified.status, 0, verified.stderr);
  assert.match(readFileSync(join(on.host.dir, 'log/backup-full.log'), 'utf8'), /verified to its end/);
});

test('a backup whose WAL the archiver has not come to is no failure: verified at once, that is a warning', async () => {
  const go = join(on.host.dir, 'go');
  on.archive(`until [ -e ${go} ]; do sleep 0.02; done; `);
  const verify = () => on.host.run('backup-verify.sh', [], on.server.settings);
  // However slow the machine is, it ended just now.
  on.host.stub('date', "printf '%(%s)T\\n' -1");
  try {
    succeeded(await on.full(['--verify']));
    const { stderr } = succeeded(await verify());
    assert.match(stderr, /warning: wal: continuity: no WAL of timeline 1 was archived since full_backup_/);
  } finally {
    writeFileSync(go, '');
  }
  await on.archived();
  assert.doesNotMatch(succeeded(await verify()).stderr, /continuity/);
});

test('a backup of half the size of the one before is whole, and its size is a warning', async () => {
  const full = async () => {
    succeeded(await on.full());
    await on.archived();
  };
  const verify = async () =>
    succeeded(await on.host.run('backup-verify.sh', [], { ...on.server.settings, PG_BIN })).stderr;
  on.archive();
  on.server.sql(
    'create table big as select repeat(md5(g::text), 20) as filler from generate_series(1, 150000) g',
  );
  await full();
  assert.doesNotMatch(await verify(), /size/);
  on.server.sql('drop table big');
  await full();
  const [before, newest] = fulls().sort();
  assert.match(
    await verify(),
    new RegExp(
      `warning: ${newest}: size: its content has \\d+ bytes, that of the one before it, ${before}, `,
    ),
  );
  await full();
  assert.doesNotMatch(await verify(), /size/);
});

test('without --verify the link stays where it was', async () => {
  symlinkSync('full_backup_20200101_000000.tar.gz', join(on.host.full, 'latest.tar.gz'));
  assert.equal((await on.full([])).status, 0);
  assert.equal(readlinkSync(join(on.host.full, 'latest.tar.gz')), 'full_backup_20200101_000000.tar.gz');
  assert.equal(fulls().length, 1);
});

test('works from a directory that postgres cannot enter, such as /root', async () => {
  const closed = join(on.host.dir, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const ran = await on.host.run('backup-full.sh', [], on.server.settings, closed);
  assert.equal(ran.status, 0, ran.stderr);
});

for (const [what, ending] of [
  ['fails', 'exit 1'],
  ['is killed', 'kill -9 $$'],
  ['ends too early and says that all is well', 'exit 0'],
] as const)
  test(`keeps nothing when pg_basebackup ${what} in the middle`, async () => {
    rmSync(join(on.host.bin, 'pg_basebackup'));
    on.host.stub('pg_basebackup', `${PG_BIN}/pg_basebackup "$@" 2>/dev/null | head -c 3000000`, ending);
    const ran = await on.full(['--verify']);
    assert.equal(
      ran.status !== 0 && ran.status !== null && ran.status < 126,
      true,
      `${ran.status}: ${ran.stderr}`,
    );
    assert.deepEqual(fulls(), []);
    assert.ok(!existsSync(join(on.host.full, 'latest.tar.gz')));
    await until('the slot is gone', () => slots() === '0');
  });

test('makes no backup whose sidecar would lack the limits of the server', async () => {
  rmSync(join(on.host.bin, 'psql'));
  on.host.stub('psql', '[[ $* != *max_wal_senders* ]] || exit 2', `exec ${PG_BIN}/psql "$@"`);
  refused(await on.full([]), 9, /does not answer/);
  assert.deepEqual(fulls(), []);
});

test('leaves nobody behind who waits for a stream that never began', async () => {
  on.host.stub('tee', 'exit 1');
  const child = on.host.start('backup-full.sh', [], on.server.settings);
  const ran = await Promise.race([ended(child), sleep(120_000, undefined, { ref: false })]);
  assert.equal(ran?.status, 1, ran?.stderr ?? 'it hangs');
  assert.deepEqual(fulls(), []);
});

test('killed in the middle, leaves nothing that looks like a backup, and the next one clears up', async () => {
  rmSync(join(on.host.bin, 'pg_basebackup'));
  const go = join(on.host.dir, 'go');
  on.host.stub(
    'pg_basebackup',
    `touch ${on.host.dir}/state/started; until [ -e ${go} ]; do sleep 0.02; done`,
    `exec ${PG_BIN}/pg_basebackup "$@"`,
  );
  const child = on.host.start('backup-full.sh', [], on.server.settings);
  const end = ended(child);
  await until('the stream has begun', () => existsSync(join(on.host.dir, 'state/started')));
  refused(await on.full([]), 4, /another run holds .*backup-full.lock \(backup-full.sh, pid \d+, since /);
  const elsewhere = join(on.host.dir, 'elsewhere');
  mkdirSync(elsewhere);
  on.host.own();
  refused(await on.full([], { STATE_DIR: elsewhere }), 4, /another full backup of this cluster is running/);
  child.kill('SIGKILL');
  writeFileSync(go, '');
  await end;
  await until('the slot is gone', () => slots() === '0');
  assert.ok(!readdirSync(on.host.full).some((name) => !name.startsWith('.')));
  // What the killed script had started still writes, and holds the lock as long as it does.
  run('flock', ['-w', '20', join(on.host.dir, 'state/backup-full.lock'), 'true']);
  assert.equal((await on.full([])).status, 0);
  assert.equal(fulls().length, 1);
});

test('a disk that is too small is seen beforehand; one that fills up costs only the new backup', async () => {
  await onSmallDisk(on.host.full, '2m', async () => {
    refused(
      await on.full([]),
      7,
      /MiB free, and about \d+ MiB are needed: make room first; nothing was deleted/,
    );
    const asked = join(on.host.dir, 'state/asked');
    on.host.stub(
      'df',
      `[ ! -e ${asked} ] || exec /bin/df "$@"`,
      `touch ${asked}; echo Avail; echo 99999999999999`,
    );
    refused(await on.full([]), 7, /the disk of .* is full; nothing of it is kept/);
    assert.deepEqual(readdirSync(on.host.full), []);
  });
});

test('refuses tablespaces, which one stream cannot hold', async () => {
  const place = join(on.server.dir, 'space');
  mkdirSync(place);
  run('chown', ['postgres:postgres', place]);
  on.server.sql(`create tablespace extra location '${place}'`);
  try {
    refused(await on.full([]), 3, /1 tablespaces of its own/);
  } finally {
    on.server.sql('drop tablespace extra');
  }
});

test('refuses --upload-s3 without S3, before anything is made', async () => {
  refused(await on.full(['--upload-s3']), 3, /S3 is not configured: S3_BUCKET/);
  assert.deepEqual(fulls(), []);
});

test('--check, --dry-run and --init-archive look before anything is made', async () => {
  const check = await on.full(['--check']);
  assert.equal(check.status, 0, check.stdout + check.stderr);
  assert.match(check.stdout, /^ok {2}replication: postgres may take base backups$/m);
  assert.match((await on.full(['--dry-run'])).stderr, /db1 would make a full backup now/);
  assert.ok(!existsSync(join(on.host.archive, 'CLUSTER.json')));
  assert.deepEqual(fulls(), []);
  assert.equal((await on.full(['--init-archive'])).status, 0);
  const claimed = sidecarOf(readFileSync(join(on.host.archive, 'CLUSTER.json'), 'utf8'));
  assert.equal(claimed.cluster, 'test');
  refused(
    await on.full(['--init-archive'], { CLUSTER_NAME: 'new' }),
    3,
    /is of the cluster "test", not of new/,
  );
});

test('refuses the archive of another system, and moves nothing aside by itself', async () => {
  const settings = on.host.takeGolden();
  const identifier = on.server.sql('select system_identifier from pg_control_system()');
  refused(
    await on.full([], settings),
    3,
    new RegExp(`of the system 7711173371281793642, and this server is ${identifier}`),
  );
  rmSync(join(on.host.archive, 'CLUSTER.json'));
  refused(await on.full(['--init-archive'], settings), 3, /is not of this server/);
});

test('a replica says who leads and ends well; --here makes it there; without a leader it fails', async () => {
  const replica = new PostgresServer(on.server);
  const patroni = createServer((_request, response) => response.end(JSON.stringify({ members }))).listen(
    0,
    '127.0.0.1',
  );
  let members = [
    { name: 'db3', role: 'replica' },
    { name: 'db1', role: 'leader' },
  ];
  try {
    await until(
      'the replica streams',
      () => replica.sql('select count(*) from pg_stat_wal_receiver') === '1',
    );
    const there = { ...replica.settings, NODE_NAME: 'db2' };
    assert.match((await on.full([], there)).stderr, /leads: nothing to do here/);
    const url = { ...there, PATRONI_URL: `http://127.0.0.1:${(patroni.address() as AddressInfo).port}` };
    const named = await on.full([], url);
    assert.match(named.stderr, /db1 leads: nothing to do here/);
    assert.equal(named.status, 0);
    members = [{ name: 'db3', role: 'replica' }];
    refused(await on.full([], url), 1, /no leader is known: nobody makes a backup/);
    assert.deepEqual(fulls(), []);
    const nothing = await on.host.run('backup-verify.sh', [], { ...there, PG_BIN });
    assert.match(nothing.stderr, /holds no backup on this member: nothing to verify here/);
    assert.equal(nothing.status, 0);
    const made = await on.full(['--here', '--verify'], there);
    assert.equal(made.status, 0, made.stderr);
    const [name = ''] = fulls();
    assert.equal(sidecarOf(readFileSync(join(on.host.full, `${name}.json`), 'utf8')).role, 'replica');
    verifiesByHand(name);
    const proved = await on.host.run('backup-verify.sh', [], { ...there, PG_BIN, VERIFY_MAX_AGE_HOURS: '1' });
    assert.doesNotMatch(succeeded(proved).stderr, /freshness/);
    assert.match(proved.stderr, /warning: wal: continuity: no WAL .* another member leads since then/);
    const xid = () => on.server.sql('select pg_snapshot_xmax(pg_current_snapshot())');
    const before = xid();
    assert.equal((await on.host.run('backup-heartbeat.sh', [], there)).status, 0);
    assert.equal(xid(), before);
    assert.equal((await on.host.run('backup-heartbeat.sh', [], on.server.settings)).status, 0);
    assert.notEqual(xid(), before);
  } finally {
    patroni.close();
    replica.remove();
  }
});

test('a server that does not answer is a failure of backup and heartbeat', async () => {
  refused(await on.full([], { PG_PORT: '5498' }), 9, /does not answer/);
  refused(await on.host.run('backup-heartbeat.sh', [], { PG_PORT: '5498' }), 1, /took no heartbeat/);
});

test('arguments it does not know are refused', async () => {
  refused(await on.full(['--verfiy']), 2, /did not expect "--verfiy": see backup-full.sh --help/);
  assert.match((await on.full(['--help'])).stdout, /usage: backup-full.sh/);
});

test.run();
