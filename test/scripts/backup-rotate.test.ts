// backup-rotate.sh: another key writes, and what the keys before it wrote is still read.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { BackupHost, ended, PG_BIN, type Ran, run, type Settings, sidecarOf } from './backup-host.ts';
import { refused, succeeded } from './ran.ts';
import { segmentOf } from './wal-segments.ts';

const test = suite('backup-rotate.sh');
const NINE = '000000010000000000000009';
const TEN = '00000001000000000000000A';
const OLD = '5db6b8841e8f9b64';
const NEW_KEY = `${'fedcba9876543210'.repeat(2)}fedcba98765=\n`;
const THIRD_KEY = `${'0011223344556677'.repeat(2)}00112233445=\n`;

let host: BackupHost;
let settings: Settings;
test.before.each(() => {
  host = new BackupHost();
  settings = { ...host.takeGolden(), PG_BIN };
  writeFileSync(`${host.key}.next`, NEW_KEY, { mode: 0o600 });
  mkdirSync(join(host.dir, 'data/pg_wal'), { recursive: true });
  mkdirSync(join(host.archive, 'config'));
  host.own();
});
test.after.each(() => host.remove());

async function rotate(...modes: string[]): Promise<void> {
  for (const mode of modes) succeeded(await host.run('backup-rotate.sh', [mode], settings));
}

/** As PostgreSQL has it archived. */
function archive(name: string): Promise<Ran> {
  writeFileSync(join(host.dir, 'data/pg_wal', name), segmentOf(name, 'rows', 1 << 24));
  host.own();
  return host.run('backup-wal.sh', [name, `pg_wal/${name}`], settings, join(host.dir, 'data'));
}

async function delivered(name: string): Promise<Ran> {
  return host.run('restore-wal.sh', [name, 'pg_wal/RECOVERYXLOG'], settings, join(host.dir, 'data'));
}

/** As step 3 of the runbook does. */
function layNext(key: string): void {
  writeFileSync(`${host.key}.next`, key, { mode: 0o600 });
  host.own();
}

const keyOf = (path: string) => sidecarOf(readFileSync(join(host.archive, path), 'utf8')).key_id;
const named = () => keyOf('CLUSTER.json');

test('what is written afterwards is of the new key, and what the old one wrote is read and verified', async () => {
  await rotate('prepare', 'switch');
  assert.equal(readFileSync(host.key, 'utf8'), NEW_KEY);
  assert.ok(!existsSync(`${host.key}.next`));
  const now = named();
  assert.notEqual(now, OLD);
  succeeded(await archive(TEN));
  assert.equal(keyOf(`wal/${TEN}.gz.json`), now);
  assert.equal(keyOf(`wal/${NINE}.gz.json`), OLD);
  for (const name of [NINE, TEN, '00000002.history']) succeeded(await delivered(name));
  succeeded(await host.run('backup-verify.sh', ['--deep'], settings));
});

test('without the old key, what it wrote is refused by the name of that key', async () => {
  await rotate('prepare', 'switch');
  renameSync(`${host.key}.d/${OLD}`, join(host.dir, 'elsewhere'));
  refused(
    await delivered(NINE),
    208,
    /made with the key 5db6b8841e8f9b64, .*backup\.key\.d does not hold it/,
  );
  // Another key under its name is not that key.
  writeFileSync(`${host.key}.d/${OLD}`, NEW_KEY, { mode: 0o600 });
  host.own();
  refused(await delivered(NINE), 208, /made with the key 5db6b8841e8f9b64/);
});

test('back to the old key: all as it was, and what the new one wrote meanwhile is read', async () => {
  const before = readFileSync(host.key, 'utf8');
  await rotate('prepare', 'switch');
  succeeded(await archive(TEN));
  await rotate('back');
  assert.equal(readFileSync(host.key, 'utf8'), before);
  assert.equal(readFileSync(`${host.key}.next`, 'utf8'), NEW_KEY);
  assert.equal(named(), OLD);
  succeeded(await delivered(TEN));
  succeeded(await archive(`${TEN.slice(0, -1)}B`));
  assert.equal(keyOf(`wal/${TEN.slice(0, -1)}B.gz.json`), OLD);
});

test('each may be done again, and going back from where nothing was switched changes nothing', async () => {
  await rotate('prepare', 'prepare', 'back', 'switch', 'switch', 'prepare');
  const now = named();
  assert.notEqual(now, OLD);
  await rotate('back', 'back', 'switch');
  assert.equal(named(), now);
});

test('killed between key and CLUSTER.json, nothing is archived until it is done again', async () => {
  await rotate('prepare', 'switch');
  const cluster = join(host.archive, 'CLUSTER.json');
  writeFileSync(cluster, readFileSync(cluster, 'utf8').replace(String(named()), OLD));
  refused(await archive(TEN), 3, /was written with the key "5db6b8841e8f9b64"/);
  await rotate('switch');
  succeeded(await archive(TEN));
});

test('a run that began before ends with the key that it began with', async () => {
  const feed = join(host.dir, 'feed.sh');
  const begun = join(host.archive, 'config/.config_backup_20261126_000000.tar.gz.tmp');
  writeFileSync(
    feed,
    `#!/bin/bash
cd ${host.dir} && printf x >MANIFEST.json
{ until [ -e go ]; do sleep 0.05; done; tar -cf - MANIFEST.json; } |
  scripts/backup-store.sh config config_backup_20261126_000000.tar.gz\n`,
    { mode: 0o755 },
  );
  host.own();
  const run = ended(host.start(feed, [], settings));
  while (!existsSync(begun)) await new Promise((resolve) => setTimeout(resolve, 20));
  await rotate('prepare', 'switch');
  writeFileSync(join(host.dir, 'go'), '');
  succeeded(await run);
  assert.equal(keyOf('config/config_backup_20261126_000000.tar.gz.json'), OLD);
  const restore = ['latest', '--target-dir', join(host.dir, 'unpacked')];
  succeeded(await host.run('restore-config.sh', restore, settings));
  assert.equal(readFileSync(join(host.dir, 'unpacked/MANIFEST.json'), 'utf8'), 'x');
});

test('a segment that was left without a sidecar before is archived anew, when it is the same', async () => {
  succeeded(await archive(TEN));
  rmSync(join(host.wal, `${TEN}.gz.json`));
  await rotate('prepare', 'switch');
  succeeded(await archive(TEN));
  assert.equal(keyOf(`wal/${TEN}.gz.json`), named());
  succeeded(await delivered(TEN));
});

test('a key file behind a link is replaced where it lies', async () => {
  const place = join(host.dir, 'place');
  mkdirSync(place);
  renameSync(host.key, join(place, 'key'));
  symlinkSync(join(place, 'key'), host.key);
  host.own();
  await rotate('prepare', 'switch');
  assert.equal(readFileSync(join(place, 'key'), 'utf8'), NEW_KEY);
});

for (const [first, ending] of [
  ['finished', ['finish']],
  ['left unfinished', []],
] as const)
  test(`back in a second rotation, the first one ${first}: to the key before it, and nowhere before it has switched`, async () => {
    await rotate('prepare', 'switch', ...ending);
    const second = named();
    layNext(THIRD_KEY);
    await rotate('back');
    assert.equal(named(), second);
    assert.equal(readFileSync(host.key, 'utf8'), NEW_KEY);
    assert.equal(readFileSync(`${host.key}.next`, 'utf8'), THIRD_KEY);
    await rotate('prepare', 'switch');
    assert.equal(readFileSync(host.key, 'utf8'), THIRD_KEY);
    await rotate('back');
    assert.equal(readFileSync(host.key, 'utf8'), NEW_KEY);
    assert.equal(named(), second);
  });

test('back in a first rotation that has not prepared yet changes nothing', async () => {
  await rotate('back');
  assert.equal(named(), OLD);
  assert.equal(readFileSync(`${host.key}.next`, 'utf8'), NEW_KEY);
});

test('after finish there is no going back, and both keys are kept', async () => {
  await rotate('prepare', 'switch', 'finish', 'finish');
  const now = String(named());
  refused(
    await host.run('backup-rotate.sh', ['back'], settings),
    10,
    /no rotation is under way.*rotate again/,
  );
  assert.equal(named(), now);
  for (const mode of ['prepare', 'switch'])
    refused(await host.run('backup-rotate.sh', [mode], settings), 3, /key\.next does not exist/);
  assert.deepEqual(readdirSync(`${host.key}.d`).sort(), [OLD, now].sort());
  layNext(THIRD_KEY);
  refused(await host.run('backup-rotate.sh', ['finish'], settings), 11, /is not the key yet/);
});

/** Whose copies were seen to decrypt, by file. */
function words(): { readonly [file: string]: unknown } {
  const files = readdirSync(join(host.dir, 'state')).filter((name) => name.startsWith('key-escrowed'));
  return Object.fromEntries(
    files.sort().map((name) => [name, sidecarOf(readFileSync(join(host.dir, 'state', name), 'utf8')).key_id]),
  );
}

function note(file: string, id: string): void {
  const word = { schema: 'fanops/key-escrowed/1', key_id: id, recipient: 'age1' };
  writeFileSync(join(host.dir, 'state', file), `${JSON.stringify(word, null, 2)}\n`);
  host.own();
}

test('the word that a copy was seen to decrypt follows its key, also when a switch was broken off', async () => {
  note('key-escrowed.json', OLD);
  await rotate('prepare', 'switch');
  const first = String(named());
  assert.deepEqual(words(), { [`key-escrowed.${OLD}.json`]: OLD });
  await rotate('back');
  assert.deepEqual(words(), { 'key-escrowed.json': OLD });
  note('key-escrowed.next.json', first);
  await rotate('switch');
  assert.deepEqual(words(), { [`key-escrowed.${OLD}.json`]: OLD, 'key-escrowed.json': first });
  // As killed between key and word.
  note('key-escrowed.json', OLD);
  note('key-escrowed.next.json', first);
  await rotate('switch', 'finish');
  assert.deepEqual(words(), { [`key-escrowed.${OLD}.json`]: OLD, 'key-escrowed.json': first });
  // To a key without a copy, and back.
  layNext(THIRD_KEY);
  await rotate('prepare', 'switch');
  assert.equal(words()['key-escrowed.json'], undefined);
  await rotate('back');
  assert.deepEqual(words(), { [`key-escrowed.${OLD}.json`]: OLD, 'key-escrowed.json': first });
});

test('a host that missed a rotation: with the keys in place, name makes its archive name the one that writes', async () => {
  mkdirSync(`${host.key}.d`, { mode: 0o700 });
  renameSync(host.key, join(host.dir, 'aside'));
  renameSync(`${host.key}.next`, host.key);
  host.own();
  refused(await archive(TEN), 3, /this host has "[0-9a-f]{16}": put back the right key$/m);
  refused(await host.run('backup-rotate.sh', ['name'], settings), 8, /backup\.key\.d does not hold it/);
  assert.equal(named(), OLD);
  renameSync(join(host.dir, 'aside'), `${host.key}.d/${OLD}`);
  refused(await archive(TEN), 3, /backup-rotate\.sh name/);
  await rotate('name', 'name');
  assert.notEqual(named(), OLD);
  succeeded(await archive(TEN));
  succeeded(await delivered(NINE));
});

/** As the runbook has it run, where the directory of settings and key is root's. */
async function asRoot(mode: string): Promise<Ran> {
  run('chown', ['root:root', host.dir]);
  const env = { FANATICO_BACKUP_CONF: host.conf({ ...settings, PG_BIN: host.bin }), PATH: '/usr/bin:/bin' };
  const script = join(host.dir, 'scripts/backup-rotate.sh');
  return ended(spawn(script, [mode], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** A file of root's, and postgres laying a link to it in the place of `path`, at every moment at which something is synced. */
function lure(path: string): string {
  const secret = join(host.dir, 'of-root');
  writeFileSync(secret, `${'of root alone '.repeat(3)}\n`, { mode: 0o600 });
  host.stub('sync', `[ ! -e ${path} ] || ln -sfn ${secret} ${path}`, 'exec /usr/bin/sync "$@"');
  return secret;
}

const ownerOf = (path: string) => run('stat', ['-c', '%U %a', path]).toString().trim();

test('as root: the keys are moved as they are otherwise, and stay with postgres', async () => {
  for (const mode of ['prepare', 'switch']) succeeded(await asRoot(mode));
  assert.equal(readFileSync(host.key, 'utf8'), NEW_KEY);
  for (const path of [host.key, `${host.key}.d/${OLD}`, join(host.archive, 'CLUSTER.json')])
    assert.equal(ownerOf(path), 'postgres 600');
});

test('as root: a link that postgres lays where CLUSTER.json is written gives it nothing', async () => {
  succeeded(await asRoot('prepare'));
  const secret = lure(join(host.archive, '.CLUSTER.json.rotate.tmp'));
  await asRoot('switch');
  assert.equal(ownerOf(secret), 'root 600');
});

test('as root: a link that postgres lays where a key is kept is not read', async () => {
  for (const mode of ['prepare', 'switch']) succeeded(await asRoot(mode));
  lure(`${host.key}.d/${OLD}`);
  refused(await asRoot('back'), 3, /cannot be read by postgres/);
  assert.equal(readFileSync(host.key, 'utf8'), NEW_KEY);
});

test('a key that cannot be used, or that this host was not prepared for, is refused', async () => {
  refused(await host.run('backup-rotate.sh', ['switch'], settings), 11, /prepare comes first/);
  writeFileSync(`${host.key}.next`, 'short\n');
  refused(await host.run('backup-rotate.sh', ['prepare'], settings), 3, /key\.next has 5 characters/);
  rmSync(`${host.key}.next`);
  refused(await host.run('backup-rotate.sh', ['prepare'], settings), 3, /key\.next does not exist/);
  refused(await host.run('backup-rotate.sh', [], settings), 2, /did not expect "nothing"/);
  assert.equal(named(), OLD);
});

test.run();
