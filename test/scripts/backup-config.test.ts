// backup-config.sh and restore-config.sh: what comes along, what never does, and when no new artefact is made.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { BackupHost, ended, type Ran, run, type Settings, sidecarOf } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('backup-config.sh');

let host: BackupHost;
let etc: string;
let settings: Settings;
let patroni: Server;

test.before.each(async () => {
  host = new BackupHost();
  etc = join(host.dir, 'etc');
  mkdirSync(join(etc, 'patroni'), { recursive: true });
  mkdirSync(join(host.archive, 'config'));
  writeFileSync(join(etc, 'patroni/config.yml'), 'superuser:\n  password: hunter2\n');
  writeFileSync(join(etc, 'crontab'), '0 2 * * * backup\n');
  writeFileSync(join(etc, 'other.key'), 'a key\n');
  symlinkSync('crontab', join(etc, 'linked'));
  symlinkSync(host.key, join(etc, 'hidden'));
  patroni = createServer((_, response) => response.end('{"ttl":30,"loop_wait":10}'));
  await new Promise<void>((resolve) => patroni.listen(0, '127.0.0.1', resolve));
  settings = {
    ...host.takeGolden(),
    CONFIG_PATHS: `${etc} ${host.dir}/nothing`,
    PATRONI_URL: `http://127.0.0.1:${(patroni.address() as AddressInfo).port}`,
  };
});
test.after.each(() => {
  patroni.close();
  patroni.closeAllConnections();
  host.remove();
});

const backup = (args: readonly string[] = [], more: Settings = {}): Promise<Ran> =>
  host.run('backup-config.sh', args, { ...settings, ...more });
const restore = (...args: string[]): Promise<Ran> => host.run('restore-config.sh', args, settings);
const stored = (): string[] =>
  readdirSync(join(host.archive, 'config'))
    .filter((name) => !name.endsWith('.json'))
    .sort();

async function unpacked(): Promise<string> {
  const target = join(host.dir, 'out');
  succeeded(await restore('latest', '--target-dir', target));
  return target;
}

test('files, links as what they lead to, and the dynamic configuration; never a key', async () => {
  succeeded(await backup());
  assert.match(stored().join(), /^config_backup_\d{8}_\d{6}\.tar\.gz$/);
  const target = await unpacked();
  const found = run('find', [target, '-type', 'f', '-printf', '%P\n'])
    .toString()
    .split('\n')
    .filter(Boolean)
    .sort();
  const below = `files${etc}`;
  assert.deepEqual(found, [
    'MANIFEST.json',
    'dynamic-configuration.json',
    `${below}/crontab`,
    `${below}/linked`,
    `${below}/patroni/config.yml`,
  ]);
  assert.deepEqual(JSON.parse(readFileSync(join(target, 'dynamic-configuration.json'), 'utf8')), {
    ttl: 30,
    loop_wait: 10,
  });
  assert.equal(readFileSync(join(target, below, 'linked'), 'utf8'), '0 2 * * * backup\n');
});

/** All that a rotation leaves beside a key, what somebody put aside, and a file that has a key's text in it. */
function layKeys(): Settings {
  const key = join(etc, 'fanatico/backup.key');
  mkdirSync(`${key}.d`, { recursive: true });
  const text = (digit: string) => `${digit.repeat(43)}=\n`;
  const beside = ['.next', '.old', '.d/.0123456789abcdef.tmp', '.d/0123456789abcdef'];
  for (const [index, end] of beside.entries()) writeFileSync(key + end, text(String(index)), { mode: 0o600 });
  writeFileSync(join(etc, 'fanatico/.backup.key.tmp'), text('5'));
  writeFileSync(join(etc, 'fanatico/.backup.key.next.tmp'), text('6'));
  for (const digit of ['0', '3']) writeFileSync(join(etc, `copy${digit}`), `KEY="${text(digit).trim()}"\n`);
  writeFileSync(join(etc, 'other'), 'no key\n');
  writeFileSync(join(etc, 'fanatico/backup.conf'), 'x\n');
  symlinkSync(`${key}.d`, join(etc, 'keys'));
  cpSync(host.key, key);
  chmodSync(key, 0o600);
  writeFileSync(join(etc, 'copy'), readFileSync(key));
  host.own();
  return { KEY_FILE: key };
}

test('no key of a rotation comes along, under whatever name', async () => {
  succeeded(await backup([], layKeys()));
  const found = run('find', [
    join(await unpacked(), `files${etc}`),
    '-type',
    'f',
    '-printf',
    '%P\n',
  ]).toString();
  assert.deepEqual(found.split('\n').filter(Boolean).sort(), [
    'crontab',
    'fanatico/backup.conf',
    'linked',
    'other',
    'patroni/config.yml',
  ]);
});

test('a key file behind a link, what lies beside it stays out, too', async () => {
  const place = join(etc, 'place');
  mkdirSync(place);
  writeFileSync(join(place, 'key.tmp'), 'a'.repeat(44));
  writeFileSync(join(place, '.key.tmp'), 'b'.repeat(44));
  cpSync(host.key, join(place, 'key'));
  rmSync(join(etc, 'hidden'));
  symlinkSync(join(place, 'key'), join(etc, 'hidden'));
  host.own();
  const { stdout } = succeeded(await backup(['--dry-run'], { KEY_FILE: join(etc, 'hidden') }));
  assert.doesNotMatch(stdout, /key|hidden/);
  assert.match(stdout, /crontab/);
});

test('a key in a backup of before is neither shown nor put back', async () => {
  const { KEY_FILE = '' } = layKeys();
  const script = `cd ${host.dir} && mkdir again && cd again && mkdir -p files${etc}/fanatico && printf '{}' >MANIFEST.json &&
    printf %044d 8 >files${KEY_FILE}.next && tar -cf - files MANIFEST.json |
    ../scripts/backup-store.sh config config_backup_20991126_000000.tar.gz`;
  writeFileSync(join(host.dir, 'store.sh'), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  host.own();
  succeeded(await host.run(join(host.dir, 'store.sh'), [], { ...settings, KEY_FILE }));
  const now = readFileSync(`${KEY_FILE}.next`, 'utf8');
  const shown = succeeded(await host.run('restore-config.sh', ['latest'], { ...settings, KEY_FILE }));
  assert.match(shown.stderr, /backup\.key\.next is a key of backups/);
  assert.doesNotMatch(shown.stdout, /0{43}8|0{44}/);
  succeeded(await host.run('restore-config.sh', ['latest', '--apply'], { ...settings, KEY_FILE }));
  assert.equal(readFileSync(`${KEY_FILE}.next`, 'utf8'), now);
});

test('unchanged content makes no new artefact; a changed file does', async () => {
  succeeded(await backup());
  assert.match(succeeded(await backup()).stderr, /nothing changed/);
  assert.equal(stored().length, 1);
  await sleep(1100);
  writeFileSync(join(etc, 'crontab'), '0 3 * * * backup\n');
  succeeded(await backup());
  assert.equal(stored().length, 2);
});

test('a node that is down takes over what the newest backup has of PostgreSQL and Patroni', async () => {
  for (const name of ['full', 'wal', 'CLUSTER.json']) rmSync(join(host.archive, name), { recursive: true });
  for (const name of ['full', 'wal']) mkdirSync(join(host.archive, name));
  host.own();
  host.linkPostgres();
  const server = new PostgresServer();
  settings = { ...settings, ...server.settings, CLUSTER_NAME: 'test' };
  const earlier = () =>
    sidecarOf(readFileSync(join(host.archive, 'config', `${stored().at(-1)}.json`), 'utf8')).earlier;
  try {
    succeeded(await backup());
    assert.equal(stored().length, 1);
    assert.equal(earlier(), undefined);
    server.stop();
    patroni.close();
    patroni.closeAllConnections();
    const { stderr } = succeeded(await backup());
    assert.match(stderr, /PostgreSQL does not answer: what config_backup_\S+ has of it is taken over/);
    assert.match(stderr, /Patroni does not answer: what config_backup_\S+ has of it is taken over/);
    assert.match(stderr, /nothing changed/);
    assert.equal(stored().length, 1);

    writeFileSync(join(etc, 'crontab'), 'changed meanwhile\n');
    succeeded(await backup());
    assert.equal(stored().length, 2);
    assert.equal(earlier(), 'PostgreSQL Patroni');
    assert.match(
      succeeded(await restore('latest')).stderr,
      /warning: what it holds of PostgreSQL and Patroni is older/,
    );
    const target = await unpacked();
    for (const name of ['postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'])
      assert.equal(
        readFileSync(join(target, 'files', server.data, name), 'utf8'),
        readFileSync(join(server.data, name), 'utf8'),
      );
    assert.equal(JSON.parse(readFileSync(join(target, 'dynamic-configuration.json'), 'utf8')).ttl, 30);
    assert.equal(readFileSync(join(target, 'files', etc, 'crontab'), 'utf8'), 'changed meanwhile\n');

    server.start();
    server.sql("alter system set work_mem = '7MB'");
    succeeded(await backup());
    assert.equal(stored().length, 3);
    assert.equal(earlier(), 'Patroni');
  } finally {
    server.remove();
  }
});

test('without encryption what holds passwords stays out', async () => {
  writeFileSync(
    join(host.archive, 'CLUSTER.json'),
    readFileSync(join(host.archive, 'CLUSTER.json'), 'utf8').replace(/"key_id": ".*"/, '"key_id": ""'),
  );
  const ran = succeeded(await backup([], { ENCRYPTION: 'no' }));
  assert.match(ran.stderr, /patroni\/config\.yml is left out/);
  const text = run('bash', ['-c', `gzip -dc ${join(host.archive, 'config', stored()[0] ?? '')}`]).toString();
  assert.match(text, /0 2 \* \* \* backup/);
  assert.doesNotMatch(text, /hunter2/);
});

test('restore shows what differs and changes nothing; passwords are not shown', async () => {
  succeeded(await backup());
  writeFileSync(join(etc, 'crontab'), '0 5 * * * backup\n');
  writeFileSync(join(etc, 'patroni/config.yml'), 'superuser:\n  password: changed\n');
  const { stdout } = succeeded(await restore('latest'));
  assert.match(stdout, /^-0 5 \* \* \* backup\n\+0 2 \* \* \* backup$/m);
  assert.match(stdout, /differs: .*config\.yml \(holds passwords: not shown\)/);
  assert.doesNotMatch(stdout, /hunter2|changed/);
  assert.match(stdout, /patronictl edit-config/);
  assert.equal(readFileSync(join(etc, 'crontab'), 'utf8'), '0 5 * * * backup\n');
});

test('a copy from S3 is taken under the name that it has there, and under no other', async () => {
  succeeded(await backup());
  const [name = ''] = stored();
  const [copy, renamed] = [join(host.dir, `${name}.enc`), join(host.dir, `${name}.old`)];
  for (const ending of ['', '.json'])
    for (const to of [copy, renamed]) cpSync(join(host.archive, 'config', name + ending), to + ending);
  writeFileSync(join(etc, 'crontab'), '0 3 * * * backup\n');
  assert.match(succeeded(await restore(copy)).stdout, /crontab/);
  refused(await restore(renamed), 6, /the sidecar is of "config_backup_/);
});

test('--apply puts back what differs and keeps what was there; --only one file', async () => {
  succeeded(await backup());
  writeFileSync(join(etc, 'crontab'), 'mine\n');
  writeFileSync(join(etc, 'patroni/config.yml'), 'mine\n');
  succeeded(await restore('latest', '--apply', '--only', join(etc, 'crontab')));
  assert.equal(readFileSync(join(etc, 'crontab'), 'utf8'), '0 2 * * * backup\n');
  assert.equal(readFileSync(join(etc, 'patroni/config.yml'), 'utf8'), 'mine\n');
  const aside = readdirSync(etc).filter((name) => name.startsWith('crontab.before-restore.'));
  assert.equal(aside.length, 1);
  assert.equal(readFileSync(join(etc, aside[0] ?? ''), 'utf8'), 'mine\n');
});

for (const place of ['log/backup-config.log', 'state/backup-config.lock'])
  test(`root, who runs it by cron, writes nothing through a link that postgres laid at ${place}`, async () => {
    const roots = join(host.dir, 'roots');
    writeFileSync(roots, 'of root\n', { mode: 0o600 });
    rmSync(join(host.dir, place), { force: true });
    symlinkSync(roots, join(host.dir, place));
    const env = { ...process.env, FANATICO_BACKUP_CONF: host.conf(settings) };
    const ran = await ended(spawn(join(host.dir, 'scripts/backup-config.sh'), { env }));
    if (place.endsWith('lock')) refused(ran, 3, /backup-config.lock is not postgres' own: remove it/);
    else succeeded(ran);
    assert.equal(readFileSync(roots, 'utf8'), 'of root\n');
  });

test('two backups in one second get names of their own', async () => {
  for (const line of ['2', '3', '4', '5'].map((hour) => `0 ${hour} * * * backup\n`)) {
    writeFileSync(join(etc, 'crontab'), line);
    succeeded(await backup());
  }
  assert.equal(stored().length, 4);
});

test('as root it leaves log and lock to postgres', async () => {
  const env = { ...process.env, FANATICO_BACKUP_CONF: host.conf(settings) };
  succeeded(await ended(spawn(join(host.dir, 'scripts/backup-config.sh'), { env })));
  for (const path of ['log/backup-config.log', 'state/backup-config.lock'])
    assert.equal(
      run('stat', ['-c', '%U', join(host.dir, path)])
        .toString()
        .trim(),
      'postgres',
    );
  succeeded(await backup());
});

test('--dry-run names the files and makes nothing', async () => {
  const { stdout } = succeeded(await backup(['--dry-run']));
  assert.match(stdout, /files\/.*\/crontab$/m);
  assert.deepEqual(stored(), []);
});

test('etcd: its snapshot and revision are stored, and an etcd that is away is said', async () => {
  host.stub(
    'etcdctl',
    'case "$*" in',
    '*"endpoint status"*) echo \'[{"Status":{"header":{"revision":41}}}]\' ;;',
    '*"snapshot save"*) echo data >"${@: -1}" ;;',
    '*"snapshot status"*) echo \'{"revision":42}\' ;;',
    'esac',
  );
  const etcd = { ...settings, ETCD_ENDPOINT: 'http://127.0.0.1:2379' };
  succeeded(await host.run('backup-etcd.sh', [], etcd));
  const [name = ''] = stored();
  assert.match(name, /^etcd_snapshot_\d{8}_\d{6}\.tar\.gz$/);
  assert.match(readFileSync(join(host.archive, 'config', `${name}.json`), 'utf8'), /"revision": "42"/);
  host.stub('etcdctl', 'echo connection refused >&2; exit 1');
  const away = await host.run('backup-etcd.sh', [], etcd);
  assert.equal(away.status, 9);
  assert.match(away.stderr, /does not answer: connection refused/);
  assert.ok(!existsSync(join(host.archive, 'config', 'snapshot.db')));
});

test.run();
