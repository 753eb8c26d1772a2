// The state of the blockchain and PostgreSQL belong together: where a restore of one has parted them, that is said.
import * as assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { AS_POSTGRES, BackupHost, PG_BIN, type Ran, run, type Settings } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';

const test = suite('places of blockchain and PostgreSQL');

let host: BackupHost;
let server: PostgresServer;
let settings: Settings;

test.before(() => {
  host = new BackupHost();
  server = new PostgresServer(undefined, '--wal-segsize=1');
  mkdirSync(join(host.archive, 'blockchain'));
  host.own();
  const database = join(host.dir, 'chain.db');
  const create = 'create table blocks (height integer primary key); insert into blocks values (1), (2)';
  run('setpriv', [...AS_POSTGRES, 'sqlite3', database, create]);
  settings = { ...server.settings, PG_BIN, BLOCKCHAIN_DB: database };
});
test.after(() => {
  server.remove();
  host.remove();
});

async function backup(): Promise<void> {
  const ran = await host.run('backup-blockchain.sh', [], settings);
  assert.equal(ran.status, 0, ran.stderr);
}

async function compared(): Promise<string> {
  const ran: Ran = await host.run('restore-blockchain.sh', ['latest', '--verify-only'], settings);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stderr;
}

test('where PostgreSQL went on, the backup lacks what it knows', async () => {
  await backup();
  server.sql('create table a (n int)');
  assert.match(
    await compared(),
    /MISMATCH: PostgreSQL is at \S+, after \S+, where it was at block 2: it knows/,
  );
});

test('where PostgreSQL was restored to before, it lacks blocks, however far it has come since', async () => {
  server.stop();
  const saved = join(server.dir, 'saved');
  run('cp', ['-a', server.data, saved]);
  server.start();
  server.sql('create table b as select generate_series(1, 1000) as n');
  rmSync(join(host.archive, 'blockchain'), { recursive: true });
  mkdirSync(join(host.archive, 'blockchain'));
  host.own();
  await backup();
  server.stop('immediate');
  rmSync(server.data, { recursive: true });
  run('cp', ['-a', saved, server.data]);
  writeFileSync(join(server.data, 'recovery.signal'), '');
  writeFileSync(join(server.data, 'postgresql.auto.conf'), "restore_command = '/bin/false'\n");
  run('chown', ['-R', 'postgres:postgres', server.data]);
  server.start();
  server.sql('create table c as select generate_series(1, 20000) as n');
  const said = await compared();
  assert.match(
    said,
    /MISMATCH: PostgreSQL was restored to 0\/\w+, before 0\/\w+, where it was at block 2: it lacks/,
  );
});

test('another system is said to be one', async () => {
  const [, identifier] = /"postgresql": "(\d+)"/.exec(
    run('cat', [join(host.archive, 'blockchain', lastSidecar())]).toString(),
  ) ?? ['', ''];
  assert.equal(identifier, server.sql('select system_identifier from pg_control_system()'));
  const other = new PostgresServer();
  try {
    const more = { ...settings, ...other.settings };
    const ran = await host.run('restore-blockchain.sh', ['latest', '--verify-only'], more);
    assert.match(
      ran.stderr,
      /MISMATCH: the backup belongs to the PostgreSQL system \d+, and the one here is/,
    );
  } finally {
    other.remove();
  }
});

const lastSidecar = () => host.stored('blockchain').findLast((name) => name.endsWith('.json')) ?? '';

test.run();
