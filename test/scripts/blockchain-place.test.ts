// The state of the blockchain and PostgreSQL belong together: where a restore of one has parted them, that is said.
import * as assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

async function backup(): Promise<string> {
  const ran = await host.run('backup-blockchain.sh', [], settings);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stderr;
}

async function compared(name = 'latest'): Promise<string> {
  const ran: Ran = await host.run('restore-blockchain.sh', [name, '--verify-only'], settings);
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

test('a host without a server asks who leads the cluster, by Patroni, when it is backed up and when it is compared', async () => {
  const leader = { location: 0x2_0000_0010 as number | null, timeline: 1, history: [] as unknown[] };
  const patroni = createServer(({ url }, response) => {
    if (url === '/history') return response.end(JSON.stringify(leader.history));
    const { location, timeline } = leader;
    const status = { xlog: { location }, timeline, database_system_identifier: '7712548445017924832' };
    return response.writeHead(url === '/primary' ? 200 : 404).end(JSON.stringify(status));
  });
  const replica = createServer((_, response) => response.writeHead(503).end('{}'));
  for (const one of [patroni, replica])
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
  const [first, second] = [replica, patroni].map((one) => (one.address() as AddressInfo).port);
  const own = { ...settings };
  settings = {
    ...settings,
    PG_HOST: join(host.dir, 'nobody'),
    PATRONI_MEMBERS: `http://127.0.0.1:${first} http://127.0.0.1:${second}`,
  };
  try {
    await backup();
    const sidecar = JSON.parse(
      run('cat', [join(host.archive, 'blockchain', lastSidecar())]).toString(),
    ) as Record<string, string>;
    assert.deepEqual(
      [sidecar.lsn, sidecar.postgresql, sidecar.postgresql_timeline],
      ['2/10', '7712548445017924832', '1'],
    );
    assert.doesNotMatch(await compared(), /MISMATCH|warn/);
    Object.assign(leader, { location: 0x2_0000_0020 });
    assert.match(await compared(), /MISMATCH: PostgreSQL is at 2\/20, after 2\/10, where it was at block 2/);
    // A restore to before, on a timeline of its own.
    Object.assign(leader, { timeline: 2, history: [[1, 0x1_ffff_fff0, 'x']] });
    assert.match(await compared(), /MISMATCH: PostgreSQL was restored to 1\/FFFFFFF0, before 2\/10/);
    Object.assign(leader, { history: [[1, 0x2_0000_0018, 'x']] });
    assert.match(await compared(), /MISMATCH: PostgreSQL is at 2\/20, after 2\/10/);
    // Still being promoted: that is no place.
    Object.assign(leader, { location: null });
    assert.match(await backup(), /the backup does not say which of its states belongs to this one/);
    assert.match(await compared(), /the backup does not say which state of PostgreSQL belongs to it/);
    assert.match(await compared(await storedWith('lsn=null')), /the backup does not say which state/);
  } finally {
    settings = own;
    for (const one of [patroni, replica]) one.close();
  }
});

/** A backup whose sidecar says this, as one made before such an answer was refused. */
async function storedWith(field: string): Promise<string> {
  const name = 'blockchain_backup_20260101_000000.tar.gz';
  writeFileSync(join(host.dir, 'MANIFEST.json'), '{}');
  const store = `${host.dir}/scripts/backup-store.sh blockchain ${name} block_height=2 ${field}`;
  const ran = await host.run('/bin/bash', ['-c', `tar -cf - MANIFEST.json | ${store}`], settings);
  assert.equal(ran.status, 0, ran.stderr);
  return name;
}

const lastSidecar = () => host.stored('blockchain').findLast((name) => name.endsWith('.json')) ?? '';

test.run();
