// backup-blockchain.sh and restore-blockchain.sh on a real SQLite database with a live writer.
import * as assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { AS_POSTGRES, BackupHost, type Ran, run, type Settings, sidecarOf } from './backup-host.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('backup-blockchain.sh');
/** As a campaign: FANOPS_BLOCKCHAIN_ROUNDS=50. */
const ROUNDS = Number(process.env.FANOPS_BLOCKCHAIN_ROUNDS ?? 5);

let host: BackupHost;
let chain: string;
let database: string;
let settings: Settings;
let writer: ChildProcess | undefined;

test.before.each(() => {
  host = new BackupHost();
  chain = join(host.dir, 'chain');
  database = join(chain, 'chain.db');
  for (const name of ['contracts/token', 'config', 'logs']) mkdirSync(join(chain, name), { recursive: true });
  writeFileSync(join(chain, 'contracts/token/Token.json'), '{"abi":[]}');
  writeFileSync(join(chain, 'config/node.toml'), 'network = 1\n');
  writeFileSync(join(chain, 'logs/node.log'), 'started\n');
  mkdirSync(join(host.archive, 'blockchain'));
  host.own();
  sqlite(
    'pragma journal_mode=wal; create table blocks (height integer primary key, hash text, at text);' +
      'create index by_hash on blocks (hash); insert into blocks values (1, hex(randomblob(16)), 0)',
  );
  host.own();
  settings = {
    ...host.takeGolden(),
    BLOCKCHAIN_DB: database,
    BLOCKCHAIN_CONTRACTS: join(chain, 'contracts'),
    BLOCKCHAIN_CONFIG: join(chain, 'config'),
    BLOCKCHAIN_LOGS: join(chain, 'logs'),
  };
});
test.after.each(() => {
  stopWriter();
  host.remove();
});

function sqlite(statement: string, file = database): string {
  return run('setpriv', [
    '--reuid=postgres',
    '--regid=postgres',
    '--clear-groups',
    'sqlite3',
    file,
    statement,
  ])
    .toString()
    .trim();
}

const backup = (args: readonly string[] = [], more: Settings = {}): Promise<Ran> =>
  host.run('backup-blockchain.sh', args, { ...settings, ...more });
const restore = (...args: string[]): Promise<Ran> => host.run('restore-blockchain.sh', args, settings);
const stored = (): string[] => readdirSync(join(host.archive, 'blockchain')).sort();

/** Transactions of twenty blocks each, at most twenty in a second, until it is stopped; after a thousand it only writes them anew. */
function startWriter(): void {
  const insert = 'insert into blocks select max(height) + 1, hex(randomblob(400)), 0 from blocks;';
  const transaction = `begin immediate; ${insert.repeat(20)} commit;`;
  const anew =
    'update blocks set hash = hex(randomblob(400)) where height > (select max(height) - 20 from blocks);';
  const script = `{ for ((i = 0; i < 1000; i++)); do echo "${transaction}"; sleep 0.05; done; while echo "${anew}"; do sleep 0.05; done; } |
    sqlite3 -cmd '.timeout 30000' ${database}`;
  writer = spawn('setpriv', [...AS_POSTGRES, 'bash', '-c', script], { stdio: 'ignore', detached: true });
}

/** Kills it in the middle of whatever it does, with all that it started. */
function stopWriter(): void {
  if (writer?.pid) process.kill(-writer.pid, 'SIGKILL');
  writer = undefined;
}

test(`${ROUNDS} backups under a live writer: each is sound, whole to a transaction, and says its height`, async () => {
  startWriter();
  let last = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Not by starting again and again until the time is over.
    assert.doesNotMatch(succeeded(await backup()).stderr, /VACUUM INTO/);
    const [name = ''] = stored();
    const height = Number(
      sidecarOf(readFileSync(join(host.archive, 'blockchain', `${name}.json`), 'utf8')).block_height,
    );
    const target = join(host.dir, 'out');
    succeeded(await restore(name, '--target-dir', target));
    const copy = join(target, 'database/chain.db');
    assert.equal(sqlite('pragma integrity_check', copy), 'ok');
    assert.equal(sqlite('select count(*), max(height) from blocks', copy), `${height}|${height}`);
    assert.equal((height - 1) % 20, 0, `cut in the middle of a transaction: ${height}`);
    assert.ok(height >= last);
    last = height;
    rmSync(target, { recursive: true });
    for (const file of stored()) rmSync(join(host.archive, 'blockchain', file));
  }
  assert.ok(last > 20, `the writer wrote ${last} blocks only`);
  assert.equal(writer?.exitCode, null, 'the writer ended early');
});

test('contracts and configuration come along, logs when asked for; nothing is readable but by postgres', async () => {
  succeeded(await backup(['--include-logs']));
  const [name = '', sidecar] = stored();
  assert.match(name, /^blockchain_backup_\d{8}_\d{6}\.tar\.gz$/);
  assert.equal(sidecar, `${name}.json`);
  assert.equal(
    readFileSync(join(host.archive, 'blockchain', name))
      .subarray(0, 8)
      .toString(),
    'Salted__',
  );
  assert.match(
    run('stat', ['-c', '%a %U', join(host.archive, 'blockchain', name)]).toString(),
    /^600 postgres$/m,
  );
  const target = join(host.dir, 'out');
  succeeded(await restore('latest', '--target-dir', target));
  assert.equal(readFileSync(join(target, 'contracts/token/Token.json'), 'utf8'), '{"abi":[]}');
  assert.equal(readFileSync(join(target, 'config/node.toml'), 'utf8'), 'network = 1\n');
  assert.equal(readFileSync(join(target, 'logs/node.log'), 'utf8'), 'started\n');
  assert.deepEqual(
    readdirSync(chain).filter((entry) => entry.startsWith('.')),
    [],
    'a stage is left',
  );
});

test('in place: what was there is moved aside with its -wal, and the old -wal is not replayed', async () => {
  succeeded(await backup());
  startWriter();
  while (!existsSync(`${database}-wal`)) await new Promise((resolve) => setTimeout(resolve, 50));
  refused(await restore('latest'), 4, /\(sqlite3\) holds .*chain\.db open/);
  stopWriter();
  const height = sqlite('select max(height) from blocks');
  writeFileSync(`${database}-wal`, 'of another database');
  chownSync(`${database}-wal`, 0, 0);
  host.own();
  succeeded(await restore('latest'));
  assert.equal(sqlite('select max(height) from blocks'), '1');
  assert.notEqual(height, '1');
  const aside = readdirSync(chain).filter((name) => name.startsWith('chain.db.before-restore.'));
  assert.ok(
    aside.some((name) => name.endsWith('-wal')),
    aside.join(),
  );
});

test('in place of a database that died in a transaction: its -journal goes aside with it, and is rolled back there only', async () => {
  succeeded(await backup());
  sqlite('pragma journal_mode = delete');
  const many = 'with recursive n(h) as (select 2 union all select h + 1 from n where h < 5000)';
  sqlite(`${many} insert into blocks select h, hex(randomblob(400)), 0 from n`);
  // A small cache: it has changed the database itself when it is killed.
  const killed = 'pragma cache_size = 5; begin; update blocks set hash = 0;\n.shell kill -9 $PPID\n';
  assert.throws(() => run('setpriv', [...AS_POSTGRES, 'sqlite3', database], killed), /ended with null/);
  assert.ok(existsSync(`${database}-journal`));
  succeeded(await restore('latest'));
  assert.equal(sqlite('pragma integrity_check; select count(*) from blocks'), 'ok\n1');
  const aside = readdirSync(chain).find((name) => /^chain\.db\.before-restore\.\d+_\d+$/.test(name));
  const old = join(chain, aside ?? assert.fail());
  assert.equal(
    sqlite('pragma integrity_check; select count(*) from blocks where hash <> 0', old),
    'ok\n5000',
  );
});

test('what a killed restore has left is not mixed into the next', async () => {
  succeeded(await backup());
  mkdirSync(join(chain, 'contracts.restoring/token'), { recursive: true });
  writeFileSync(join(chain, 'contracts.restoring/token/Old.json'), '{}');
  host.own();
  succeeded(await restore('latest'));
  assert.deepEqual(readdirSync(join(chain, 'contracts/token')), ['Token.json']);
});

test('--verify-only and --dry-run change nothing; the second says what would be written', async () => {
  succeeded(await backup());
  const before = run('find', [chain, '-printf', '%p %T@ %i\n']).toString();
  succeeded(await restore('latest', '--verify-only'));
  const { stdout } = succeeded(await restore('latest', '--dry-run'));
  assert.match(stdout, /chain\.db would be written, what is there moved aside/);
  assert.equal(run('find', [chain, '-printf', '%p %T@ %i\n']).toString(), before);
});

test('--dry-run of a backup names what would come along and makes nothing', async () => {
  const { stdout } = succeeded(await backup(['--dry-run', '--include-logs']));
  assert.match(
    stdout,
    /^database .*chain\.db, \d+ bytes\ncontracts .* 1 files\nconfig .* 1 files\nlogs .* 1 files$/m,
  );
  assert.deepEqual(stored(), []);
});

test('without PostgreSQL it says so, and which state belongs together stays open', async () => {
  assert.match((await backup()).stderr, /PostgreSQL at .* does not answer/);
  assert.match((await restore('latest', '--verify-only')).stderr, /does not say which state of PostgreSQL/);
});

const REFUSED: [string, () => void, Settings, number, RegExp][] = [
  ['a missing database', () => rmSync(database), {}, 10, /there is no database .*chain\.db/],
  ['no database at all', () => undefined, { BLOCKCHAIN_DB: '' }, 3, /BLOCKCHAIN_DB in backup\.conf is empty/],
  [
    'missing contracts',
    () => rmSync(join(chain, 'contracts'), { recursive: true }),
    {},
    10,
    /no directory .*contracts/,
  ],
  [
    "somebody else's database",
    () => chownSync(database, 0, 0),
    {},
    3,
    /belongs to root: run this as root or as root/,
  ],
  [
    'a query that fails',
    () => undefined,
    { BLOCKCHAIN_HEIGHT_SQL: 'select x' },
    3,
    /BLOCKCHAIN_HEIGHT_SQL .* fails/,
  ],
  ['a damaged database', () => damage(), {}, 6, /is not sound/],
];
for (const [what, spoil, more, status, reason] of REFUSED)
  test(`refuses ${what}, and stores nothing`, async () => {
    spoil();
    refused(await backup([], more), status, reason);
    assert.deepEqual(stored(), []);
    if (status === 10) assert.equal(existsSync(database), what !== 'a missing database');
  });

/** The index says other things than the table. */
function damage(): void {
  sqlite('insert into blocks select max(height) + 1, hex(randomblob(16)), 0 from blocks');
  sqlite('pragma wal_checkpoint(truncate)');
  sqlite(
    "pragma writable_schema = on; update sqlite_schema set sql = 'create index by_hash on blocks (at)' where name = 'by_hash'",
  );
}

test('a flipped bit in the backup is found before anything is moved', async () => {
  succeeded(await backup());
  const file = join(host.archive, 'blockchain', stored()[0] ?? '');
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  writeFileSync(file, bytes);
  refused(await restore('latest'), 6, /sha256 is not the one in its sidecar/);
  assert.deepEqual(
    readdirSync(chain).filter((name) => name.includes('before-restore')),
    [],
  );
});

test('a producer that breaks off stores nothing', async () => {
  writeFileSync(
    join(host.dir, 'scripts/broken.sh'),
    '#!/bin/bash\ntar -cf - -C /etc hostname | "${BASH_SOURCE[0]%/*}/backup-store.sh" blockchain blockchain_backup_20260129_060000.tar.gz\n',
    { mode: 0o755 },
  );
  refused(await host.run('broken.sh', [], settings), 1, /its last member is "hostname", not MANIFEST\.json/);
  assert.deepEqual(readdirSync(join(host.archive, 'blockchain')), []);
});

test.run();
