// What a recovery says at its end of blockchain and configuration: nothing where all fits, else what somebody has to look after.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import { AS_POSTGRES, BackupHost, ended, run, type Settings } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { succeeded } from './ran.ts';

const test = suite('what stands beside PostgreSQL');

let host: BackupHost;
let s3: DirectoryS3;
/** Where PostgreSQL is, as Patroni's leader says it. */
let location: number;
let settings: Settings;
let database: string;

const leader = createServer((_, response) =>
  response.end(JSON.stringify({ xlog: { location }, timeline: 1, database_system_identifier: '77' })),
);

test.before(() => new Promise<void>((resolve) => leader.listen(0, '127.0.0.1', resolve)));
test.after(() => void leader.close());
test.before.each(() => {
  location = 0x3000000;
  host = new BackupHost();
  host.linkPostgres();
  s3 = new DirectoryS3(host);
  for (const name of ['chain', 'etc', 'archive/blockchain', 'archive/config'])
    mkdirSync(join(host.dir, name));
  database = join(host.dir, 'chain/chain.db');
  writeFileSync(join(host.dir, 'etc/crontab'), 'one\n');
  settings = {
    PATRONI_MEMBERS: `http://127.0.0.1:${(leader.address() as AddressInfo).port}`,
    PG_BIN: host.bin,
    BLOCKCHAIN_DB: database,
    CONFIG_PATHS: join(host.dir, 'etc'),
  };
  host.own();
  sqlite('create table blocks (height integer primary key); insert into blocks values (1), (2)');
});
test.after.each(() => {
  host.remove();
});

function sqlite(statement: string): string {
  return run('setpriv', [...AS_POSTGRES, 'sqlite3', database, statement])
    .toString()
    .trim();
}

/** As root, as the runbooks do. */
async function ran(script: string, args: readonly string[], more: Settings = {}) {
  const conf = host.conf({ ...settings, ...more });
  const argv = args.map((arg) => (arg === 'CONF' ? conf : arg));
  const path = resolve('templates/recovery', script);
  const env = { ...process.env, FANATICO_BACKUP_CONF: conf };
  return ended(spawn('bash', [path, join(host.dir, 'scripts'), ...argv], { env }));
}

const compared = async (sources: 'local' | 's3', more: Settings = {}) =>
  succeeded(await ran('compare-blockchain.sh', ['CONF', sources], more));

async function backup(script = 'backup-blockchain.sh', more: Settings = {}): Promise<void> {
  succeeded(await host.run(script, [], { ...settings, ...more }));
}

test('where heights and places fit, nothing has to be looked after, and it is shown what was seen', async () => {
  await backup();
  const { stdout, stderr } = await compared('local');
  assert.equal(stdout, '');
  assert.match(stderr, /chain\.db is at block 2\nits newest backup:\n.* is whole: block 2/);
});

test('where PostgreSQL is elsewhere: both heights, the mismatch, and what to do', async () => {
  await backup();
  location += 1;
  const said = (await compared('local')).stdout.split('\n');
  assert.match(said[0] ?? '', /chain\.db is at block 2$/);
  assert.match(said[1] ?? '', /is whole: block 2/);
  assert.match(said[2] ?? '', /^MISMATCH: PostgreSQL is at .* it knows of blocks that this backup lacks$/);
  assert.match(said[3] ?? '', /-e blockchain=latest/);
});

test('no backup, no database, no blockchain, no backup system: each is said for itself', async () => {
  assert.match((await compared('local')).stdout, /could not be compared: there is no blockchain_backup in/);
  await backup();
  rmSync(database);
  assert.match((await compared('local')).stdout, /^there is no .*chain\.db any more\n.* is whole: block 2/);
  const none = await compared('local', { BLOCKCHAIN_DB: '' });
  assert.deepEqual([none.stdout, none.stderr], ['', 'no blockchain lives on this host\n']);
  const missing = await ran('compare-blockchain.sh', [join(host.dir, 'none.conf'), 'local']);
  assert.deepEqual([missing.status, missing.stdout.includes('is not installed here')], [0, true]);
});

test('after a loss of all, by what S3 holds; root restores from there what postgres may fetch', async () => {
  await backup();
  s3.takeBeside('blockchain', 'db1');
  rmSync(join(host.dir, 'chain'), { recursive: true });
  assert.match(
    (await compared('s3', s3.settings)).stdout,
    /no .*chain\.db any more\n.*fetched.* is whole: block 2/,
  );
  location += 1;
  const restored = await ran('restore-blockchain.sh', ['latest', 's3'], s3.settings);
  assert.equal(restored.status, 0, restored.stderr);
  assert.match(restored.stdout, /^MISMATCH: PostgreSQL is at .*\n$/);
  assert.match(restored.stderr, /chain\.db is restored/);
  // The directory came with it, and is the database's owner's.
  assert.equal(sqlite('insert into blocks values (3); select max(height) from blocks'), '3');
  s3.break('connect timeout');
  assert.match(
    (await compared('s3', s3.settings)).stdout,
    /could not be compared: S3 does not say what it holds/,
  );
  assert.equal((await ran('restore-blockchain.sh', ['latest', 's3'], s3.settings)).status, 9);
});

test('a restore that failed, or was killed, can be repeated: the directory belongs to the owner of the database', async () => {
  await backup();
  const stored = host.stored('blockchain').find((name) => name.endsWith('.json')) ?? '';
  s3.takeBeside('blockchain', 'db1');
  const chain = join(host.dir, 'chain');
  const again = async () => succeeded(await ran('restore-blockchain.sh', ['latest', 's3'], s3.settings));
  rmSync(chain, { recursive: true });
  const object = join(s3.dir, 'bucket/blockchain/db1', stored.replace('.json', '.enc'));
  const whole = readFileSync(object);
  writeFileSync(object, 'damaged');
  // What it makes as root before it has read the backup.
  assert.equal((await ran('restore-blockchain.sh', ['latest', 's3'], s3.settings)).status, 6);
  writeFileSync(object, whole);
  await again();
  assert.equal(sqlite('insert into blocks values (3); select max(height) from blocks'), '3');
  rmSync(chain, { recursive: true });
  mkdirSync(join(chain, '.fanatico-blockchain.killed'), { recursive: true });
  await again();
  assert.equal(sqlite('insert into blocks values (4); select max(height) from blocks'), '4');
});

test('of whom S3 holds a blockchain that the inventory does not know is said', async () => {
  await backup();
  s3.takeBeside('blockchain', 'chain1', true);
  s3.takeBeside('blockchain', 'db1');
  assert.match(
    (await ran('blockchain-nodes.sh', ['db1 db2'], s3.settings)).stdout,
    /^S3 holds states of the blockchain of chain1, .* --node chain1\n$/,
  );
  assert.equal((await ran('blockchain-nodes.sh', ['db1 chain1'], s3.settings)).stdout, '');
  s3.break('connect timeout');
  const broken = await ran('blockchain-nodes.sh', [''], s3.settings);
  assert.deepEqual([broken.status, broken.stdout], [0, 'whether S3 holds a blockchain could not be seen\n']);
});

test('of the configuration which files differ, and where there is no backup of it', async () => {
  const look = async (sources: string, more = s3.settings) =>
    succeeded(await ran('compare-config.sh', [sources], more));
  assert.match(
    (await look('local', {})).stdout,
    /could not be compared with a backup: there is no config_backup in/,
  );
  await backup('backup-config.sh');
  assert.equal((await look('local')).stdout, '');
  s3.takeBeside('config', 'db1');
  writeFileSync(join(host.dir, 'etc/crontab'), 'two\n');
  const { stdout, stderr } = await look('s3');
  assert.match(
    stdout,
    /differ here, or are missing: \S+etc\/crontab\n.*restore-config\.sh latest --sources s3;/,
  );
  assert.match(stderr, /^-two\n\+one$/m);
  // The new machine has made one of its own: it is compared with that, and told of the lost one, here of yesterday.
  const yesterday = new Date(Date.now() - 86_400_000).toISOString().replace(/[-:]|\..*/g, '');
  const folder = join(s3.dir, 'bucket/config/db1');
  for (const name of readdirSync(folder))
    renameSync(join(folder, name), join(folder, name.replace(/\d{8}_\d{6}/, yesterday.replace('T', '_'))));
  await backup('backup-config.sh');
  assert.match(
    (await look('s3')).stdout,
    /^s3:\/\/bucket\/config\/db1\/ holds config_backup_\S+, older than all .*\n$/,
  );
});

test.run();
