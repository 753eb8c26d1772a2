import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { Secret } from '../../src/core/secret.ts';
import { placeFact } from '../../src/facts/place.ts';
import { type SecretFile, secretFileFact } from '../../src/facts/secret-file.ts';
import { randomSecret } from '../../src/resources/random-secret.ts';
import { SCRATCH } from './stub-machine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const ARGS = { path: '/etc/s/key', members: 'db', owner: 'root' };
const GONE = unreadable('db3 could not be reached');

function holds(text: string, more: Partial<SecretFile> = {}): Looked<SecretFile> {
  return value({ text: Secret.open(text), mode: '0600', owner: 'root', group: 'root', ...more });
}

function cluster(...files: readonly Looked<SecretFile>[]) {
  const members = files.map((file, index) => [
    `db${index + 1}`,
    facts(
      [secretFileFact(ARGS.path), file],
      [placeFact('/etc/s'), file === GONE ? GONE : value({ type: 'directory' as const })],
    ),
  ]);
  return viewOfMembers(Object.fromEntries(members));
}

const CASES: readonly {
  readonly title: string;
  readonly files: readonly Looked<SecretFile>[];
  readonly action: string;
  readonly commands?: readonly string[];
  readonly reason?: RegExp;
}[] = [
  {
    title: 'none anywhere: made on one, and copied in the next round',
    files: [ABSENT, ABSENT, ABSENT],
    action: 'create',
    commands: ['db1: make the secret /etc/s/key on db1'],
  },
  {
    title: 'on one: copied to those that lack it',
    files: [ABSENT, holds('k\n'), ABSENT],
    action: 'update',
    commands: [
      'db1: copy the secret /etc/s/key from db2 to db1',
      'db3: copy the secret /etc/s/key from db2 to db3',
    ],
  },
  {
    title: 'the same everywhere: nothing to do',
    files: [holds('k\n'), holds('k'), holds('k\n')],
    action: 'none',
  },
  {
    title: 'on one, and one that cannot be looked at: copied to the others',
    files: [holds('k'), ABSENT, GONE],
    action: 'update',
    commands: ['db2: copy the secret /etc/s/key from db1 to db2'],
  },
  {
    title: 'on all that can be looked at: nothing to do',
    files: [holds('k'), holds('k'), GONE],
    action: 'none',
  },
  {
    title: 'two values: refused',
    files: [holds('one'), ABSENT, holds('two')],
    action: 'blocked',
    reason: /db1 and db3 hold different secrets .* nothing is written/,
  },
  {
    title: 'nowhere, but one cannot be looked at: refused',
    files: [ABSENT, ABSENT, GONE],
    action: 'blocked',
    reason: /no member that could be looked at holds .*, but db3 may: db3 could not be reached/,
  },
  {
    title: 'an empty file: refused',
    files: [holds('\n'), ABSENT],
    action: 'blocked',
    reason: /on db1 is empty/,
  },
  {
    title: 'permissions and owner that drifted: mended where they did',
    files: [holds('k'), holds('k', { mode: '0644', owner: 'postgres' })],
    action: 'update',
    commands: ['db2: set owner and permissions of /etc/s/key on db2'],
  },
];

for (const { title, files, action, commands, reason } of CASES)
  test(title, () => {
    const view = cluster(...files);
    const change = randomSecret.diff(ARGS, view);
    assert.is(change.action, action, change.reason);
    if (reason) assert.match(change.reason ?? '', reason);
    const todo = action === 'none' || action === 'blocked' ? [] : randomSecret.commands(ARGS, change, view);
    assert.equal(
      todo.map((c) => (c.kind === 'shell' ? `${c.on}: ${c.display}` : c.kind)),
      commands ?? [],
    );
    for (const command of todo) {
      const { stdin: _, ...seen } = command as { stdin?: unknown };
      assert.not.match(JSON.stringify(seen), /\bone\b|\btwo\b/);
    }
  });

test('a directory that is missing on one member stops it everywhere', () => {
  const view = viewOfMembers({
    db1: facts(
      [secretFileFact(ARGS.path), holds('k')],
      [placeFact('/etc/s'), value({ type: 'directory' as const })],
    ),
    db2: facts([secretFileFact(ARGS.path), ABSENT], [placeFact('/etc/s'), ABSENT]),
  });
  assert.match(randomSecret.diff(ARGS, view).reason ?? '', /^db2: the directory \/etc\/s does not exist/);
});

test('what it registers is a secret, and its fingerprint does not tell it', () => {
  const view = cluster(holds('the-key\n'));
  const result = randomSecret.registered(ARGS, randomSecret.diff(ARGS, view), [], view);
  assert.is(result.value.expose(), 'the-key');
  assert.match(result.fingerprint, /^[0-9a-f]{32}$/);
  assert.not.match(JSON.stringify(result), /the-key/);
});

test('whatever appeared meanwhile is never overwritten', () => {
  const dir = mkdtempSync(join(SCRATCH, 'fanops-secret-'));
  try {
    const args = { path: join(dir, 'key'), members: 'db' };
    const one = (seen: Looked<SecretFile>) =>
      facts([secretFileFact(args.path), seen], [placeFact(dir), value({ type: 'directory' as const })]);
    const made = viewOfMembers({ db1: one(ABSENT) });
    const copied = viewOfMembers({ db1: one(ABSENT), db2: one(holds('other\n')) });
    writeFileSync(args.path, 'precious\n');
    for (const view of [made, copied])
      for (const command of randomSecret.commands(args, randomSecret.diff(args, view), view)) {
        const run = spawnSync('sh', ['-c', command.kind === 'shell' ? command.script : ''], {
          input: 'other\n',
        });
        assert.is.not(run.status, 0);
        assert.is(readFileSync(args.path, 'utf8'), 'precious\n');
      }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
