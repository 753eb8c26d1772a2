import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { keyId } from '../../src/escrow/key-id.ts';
import { inFolder } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;
const KEY = 'JxJt0vy3sB1l1h8kPt4o3y2dZc0oQn2k7XqWf5m9aTs=\n';
const ID = keyId(Secret.open(KEY));
const FILE = `fanatico-backup-key.${ID}.age`;

/** Two members, both of them this machine, and somebody with an identity. */
function inProject(use: (folder: string, recipient: string) => void): void {
  inFolder({ 'backup.key': KEY, 'state/.keep': '' }, (folder) => {
    const member = {
      ansible_connection: 'local',
      fanops_state_dir: join(folder, 'fanops-state'),
      fanops_run_dir: join(folder, 'fanops-run'),
    };
    writeFileSync(
      join(folder, 'hosts.yml'),
      JSON.stringify({
        all: { children: { db: { hosts: { db1: member, db2: { ...member } } }, empty: { hosts: {} } } },
      }),
    );
    execFileSync('age-keygen', ['-o', join(folder, 'identity')], { stdio: 'ignore' });
    use(folder, execFileSync('age-keygen', ['-y', join(folder, 'identity')], { encoding: 'utf8' }).trim());
  });
}

function key(folder: string, ...argv: string[]) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const all = ['key', ...argv, '-i', 'hosts.yml', '--key', join(folder, 'backup.key')];
  const { status, stdout, stderr } = spawnSync(BIN, all, { cwd: folder, env, input: '', encoding: 'utf8' });
  assert.not.match(stdout + stderr, KEY.trim());
  return { status, stdout, stderr };
}

function verify(folder: string, file = FILE) {
  const marker = join(folder, 'state/key-escrowed.json');
  return key(folder, 'verify-escrow', file, '--identity', 'identity', '--marker', marker);
}

test('the key is escrowed to a file that only its owner reads, and verified from there', () => {
  inProject((folder, recipient) => {
    const made = key(folder, 'escrow', '--to', recipient);
    assert.is(made.status, 0, made.stderr);
    assert.is(made.stdout, `${FILE}\n`);
    assert.is(statSync(join(folder, FILE)).mode & 0o777, 0o600);
    const age = execFileSync('age', ['-d', '-i', 'identity', FILE], { cwd: folder, encoding: 'utf8' });
    assert.is(age, KEY);

    const verified = verify(folder);
    assert.is(verified.status, 0, verified.stderr);
    const marker = JSON.parse(readFileSync(join(folder, 'state/key-escrowed.json'), 'utf8'));
    assert.equal(
      { ...marker, verified_at: '' },
      {
        schema: 'fanops/key-escrowed/1',
        key_id: ID,
        recipient,
        verified_at: '',
      },
    );
    assert.ok(Math.abs(Date.now() - Date.parse(marker.verified_at)) < 60_000);
  });
});

test('a file that is there is never written over', () => {
  inProject((folder, recipient) => {
    writeFileSync(join(folder, 'kept.age'), 'the last copy');
    const { status, stderr } = key(folder, 'escrow', '--to', recipient, '--out', 'kept.age');
    assert.is(status, 1);
    assert.match(stderr, 'kept.age is there already');
    assert.is(readFileSync(join(folder, 'kept.age'), 'utf8'), 'the last copy');
  });
});

test('a copy of another key is refused, and not noted', () => {
  inProject((folder, recipient) => {
    const other = execFileSync('age', ['-r', recipient], { input: `another ${KEY}` });
    writeFileSync(join(folder, 'other.age'), other);
    const { status, stderr } = verify(folder, 'other.age');
    assert.is(status, 3);
    assert.match(stderr, `the hosts have ${ID}`);
    assert.not.ok(existsSync(join(folder, 'state/key-escrowed.json')));
  });
});

test('where a member has no key, nothing is written', () => {
  inProject((folder, recipient) => {
    rmSync(join(folder, 'backup.key'));
    const { status, stderr } = key(folder, 'escrow', '--to', recipient, '--out', 'new.age');
    assert.is(status, 3);
    assert.match(stderr, /db1 has no key at .*backup\.key: apply install\.yml/);
    assert.not.ok(existsSync(join(folder, 'new.age')));
  });
});

test('a key that cannot be noted on the hosts is not called escrowed', () => {
  inProject((folder, recipient) => {
    key(folder, 'escrow', '--to', recipient);
    rmSync(join(folder, 'state'), { recursive: true });
    const { status, stderr } = verify(folder);
    assert.is(status, 3);
    assert.match(stderr, /db1: the key is right, but .* was not written: .*apply install\.yml first/);
  });
});

const MISTAKES: readonly [title: string, argv: readonly string[], said: string][] = [
  ['no recipient', ['escrow'], '`--to` is missing'],
  ['a recipient that is none', ['escrow', '--to', 'me'], 'expected an age recipient, found `me`'],
  ['a file without an identity', ['verify-escrow', 'x.age'], '`--identity` is missing'],
  [
    'a group that has no hosts',
    ['escrow', '--group', 'empty', '--to', 'RECIPIENT'],
    'has no hosts in the group',
  ],
  ['a file that is not there', ['verify-escrow', 'x.age', '--identity', 'identity'], 'x.age'],
];
for (const [title, argv, said] of MISTAKES)
  test(`${title} is a mistake`, () => {
    inProject((folder, recipient) => {
      const { status, stderr } = key(folder, ...argv.map((word) => word.replace('RECIPIENT', recipient)));
      assert.is(status, 1, stderr);
      assert.match(stderr, said);
    });
  });

test.run();
