// Where restore-blockchain.sh and restore-config.sh find a backup: in the archive here, and in S3, by node.
import * as assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { AS_POSTGRES, BackupHost, type Ran, run, type Settings } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('restores of blockchain and configuration from S3');

let host: BackupHost;
let s3: DirectoryS3;
let settings: Settings;
let chain: string;

test.before.each(() => {
  host = new BackupHost();
  s3 = new DirectoryS3(host);
  chain = join(host.dir, 'chain');
  for (const name of [chain, join(host.dir, 'etc'), ...['blockchain', 'config'].map(inArchive)])
    mkdirSync(name);
  writeFileSync(join(host.dir, 'etc/crontab'), 'one\n');
  settings = {
    ...host.takeGolden(),
    ...s3.settings,
    BLOCKCHAIN_DB: join(chain, 'chain.db'),
    CONFIG_PATHS: join(host.dir, 'etc'),
  };
  sql('create table blocks (height integer primary key); insert into blocks values (1)');
});
test.after.each(() => host.remove());

const inArchive = (kind: string): string => join(host.archive, kind);

function sql(statement: string): string {
  host.own();
  return run('setpriv', [...AS_POSTGRES, 'sqlite3', join(chain, 'chain.db'), statement])
    .toString()
    .trim();
}

const height = (): string => sql('select max(height) from blocks');
const inS3 = (kind: string, node: string): string => join(s3.dir, 'bucket', kind, node);

/** A backup at this block; its name. */
async function backup(block: number): Promise<string> {
  sql(`insert or ignore into blocks values (${block})`);
  succeeded(await host.run('backup-blockchain.sh', [], settings));
  return host.stored('blockchain').findLast((name) => name.endsWith('.tar.gz')) ?? assert.fail();
}

/** What the archive here holds under this name, or all of it, is lost. */
function forget(name: string): void {
  for (const each of host.stored('blockchain'))
    if (each.startsWith(name)) rmSync(join(inArchive('blockchain'), each));
}

const restore = (...args: string[]): Promise<Ran> => host.run('restore-blockchain.sh', args, settings);

test('what the archive here has not comes from S3, and nothing is left over; what it has, S3 is not asked for', async () => {
  await backup(2);
  s3.takeBeside('blockchain', 'db1');
  sql('insert into blocks values (3)');
  const { stderr } = succeeded(await restore('latest'));
  assert.match(stderr, /fetching s3:\/\/bucket\/blockchain\/db1\/blockchain_backup_\w+\.tar\.gz\.enc/);
  assert.equal(height(), '2');
  assert.deepEqual(
    readdirSync(chain).filter((name) => name.startsWith('.fanatico')),
    [],
  );
  await backup(4);
  const calls = s3.calls().length;
  succeeded(await restore('latest', '--verify-only'));
  assert.equal(s3.calls().length, calls);
  refused(await restore('blockchain_backup_20260101_000000.tar.gz', '--sources', 'local'), 10, /there is no/);
});

test('latest of S3 is never older than what is here: neither what retention deleted nor what was lost before is taken', async () => {
  const old = await backup(2);
  s3.takeBeside('blockchain', 'db1', true);
  // Made while the first is here: names hold the second.
  const newest = await backup(3);
  forget(old);
  const latest = async (more: Settings = {}) => {
    const argv = ['latest', '--sources', 's3', '--verify-only'];
    return succeeded(await host.run('restore-blockchain.sh', argv, { ...settings, ...more })).stderr;
  };
  // Not uploaded yet; the old one is of an archive that was lost.
  let said = await latest();
  assert.match(said, new RegExp(`latest is ${host.archive}/blockchain/${newest}\\n`));
  assert.match(said, new RegExp(`warning: s3://bucket/blockchain/db1/ holds ${old}, older than all`));
  s3.takeBeside('blockchain', 'db1', true);
  said = await latest();
  assert.match(said, new RegExp(`latest is s3://bucket/blockchain/db1/${newest}\\.enc\\n`));
  assert.match(said, /is whole: block 3/);
  // What retention deleted is nobody's loss.
  const ancient = 'blockchain_backup_20200101_000000.tar.gz';
  for (const ending of ['.enc', '.enc.json'])
    renameSync(
      join(inS3('blockchain', 'db1'), old + ending),
      join(inS3('blockchain', 'db1'), ancient + ending),
    );
  said = await latest();
  assert.ok(
    said.includes(`latest is s3://bucket/blockchain/db1/${newest}.enc\n`) && !/warning: s3:/.test(said),
    said,
  );
  for (const ending of ['.enc', '.enc.json'])
    renameSync(
      join(inS3('blockchain', 'db1'), ancient + ending),
      join(inS3('blockchain', 'db1'), old + ending),
    );
  forget('');
  succeeded(await restore('latest', '--sources', 's3'));
  assert.equal(height(), '3');
  assert.match(succeeded(await restore(old, '--verify-only')).stderr, /is whole: block 2/);
});

test('of another node by its name; where there is none, it says whose there are', async () => {
  await backup(2);
  s3.takeBeside('blockchain', 'chain1');
  refused(
    await restore('latest'),
    10,
    /there is no blockchain_backup of db1 in .*there are of chain1 \(--node\)/,
  );
  sql('insert into blocks values (3)');
  succeeded(await restore('latest', '--node', 'chain1'));
  assert.equal(height(), '2');
  // Its own archive is none of another node's.
  await backup(4);
  const more = ['--node', 'chain1', '--verify-only', '--sources'];
  assert.match(succeeded(await restore('latest', ...more, 'local,s3')).stderr, /is whole: block 2/);
  refused(await restore('latest', ...more, 'local'), 2, /the archive here is of db1/);
  refused(await restore('latest', '--node', 'a/b'), 2, /expected the name of a node/);
  refused(await restore('latest', '--sources', 'gathered'), 2, /expected local, s3 or local,s3/);
});

test('what is damaged in S3 is not restored, what has no sidecar is not there, and "out of reach" is not "absent"', async () => {
  const name = await backup(2);
  s3.takeBeside('blockchain', 'db1');
  appendFileSync(join(inS3('blockchain', 'db1'), `${name}.enc`), 'x');
  refused(await restore('latest'), 6, /Nothing is restored/);
  // Again and again, as nothing of the first is left in its way.
  for (let times = 0; times < 2; times++)
    refused(await restore('latest', '--target-dir', join(host.dir, 'target')), 6, /Nothing is restored/);
  rmSync(join(inS3('blockchain', 'db1'), `${name}.enc.json`));
  refused(await restore('latest'), 10, /there is no blockchain_backup of db1/);
  s3.break('connect timeout');
  refused(await restore('latest'), 9, /connect timeout/);
  assert.ok(existsSync(join(chain, 'chain.db')));
});

test('the configuration, too: what differs from what the lost machine had', async () => {
  succeeded(await host.run('backup-config.sh', [], settings));
  s3.takeBeside('config', 'db3');
  writeFileSync(join(host.dir, 'etc/crontab'), 'two\n');
  const { stdout, stderr } = succeeded(
    await host.run('restore-config.sh', ['latest', '--node', 'db3'], settings),
  );
  assert.match(stdout, /^-two\n\+one$/m);
  assert.match(stderr, /is whole: of db1/);
});

test.run();
