import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { authorizedKey } from '../../src/resources/authorized-key.ts';
import { type OnMachine, useMachine } from './calls.ts';
import { expectRefusedArgs } from './cases.ts';
import { SCRATCH, type StubMachine } from './stub-machine.ts';
import { apply, plan } from './tiny-engine.ts';

const test = suite<OnMachine>('authorized_key');
useMachine(test);

const A = 'ssh-ed25519 AAAAC3Nza1 a@x';
const B = 'ecdsa-sha2-nistp256 AAAAE2Vj== b with blanks';
const OLD = `# by hand\n${A}\nfrom="10.0.0.0/8",command="echo \\"x y\\"" ${B}\nno key at all\n`;

/** An account whose home holds these keys. */
function withHome(machine: StubMachine, keys: string | undefined, use: (home: string) => void): void {
  const home = mkdtempSync(join(SCRATCH, "fanops-home-it's "));
  try {
    machine.write('passwd', `postgres:x:7:1::${home}:/bin/bash\n`);
    if (keys !== undefined) {
      mkdirSync(join(home, '.ssh'));
      writeFileSync(join(home, '.ssh/authorized_keys'), keys);
    }
    use(home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const EDITS: readonly (readonly [string, string | undefined, object, string])[] = [
  ['the first key', undefined, { key: A }, `${A}\n`],
  ['another key goes behind the others', OLD, { key: 'ssh-rsa AAAAB3 c' }, `${OLD}ssh-rsa AAAAB3 c\n`],
  ['one that is there stays, whatever its comment', OLD, { key: 'ssh-ed25519 AAAAC3Nza1 other' }, OLD],
  ['one that is there stays, whatever it may do', OLD, { key: B }, OLD],
  ['what it may do changes', OLD, { key: A, key_options: 'restrict' }, OLD.replace(A, `restrict ${A}`)],
  ['a key goes', OLD, { key: A, state: 'absent' }, OLD.replace(`${A}\n`, '')],
  ['all others go', OLD, { key: [A], exclusive: true }, `# by hand\n${A}\nno key at all\n`],
  [
    'two at a time, with a comment',
    '',
    { key: `# x\n${A}\n\n${B}\n`, comment: '$(id)' },
    'ssh-ed25519 AAAAC3Nza1 $(id)\necdsa-sha2-nistp256 AAAAE2Vj== $(id)\n',
  ],
];

for (const [title, before, args, after] of EDITS)
  test(title, ({ machine }) =>
    withHome(machine, before, (home) => {
      const applied = apply(machine, authorizedKey, { user: 'postgres', ...args });
      for (const { status, stderr } of applied.results) assert.is(status, 0, stderr);
      const path = join(home, '.ssh/authorized_keys');
      assert.is(readFileSync(path, 'utf8'), after);
      assert.is(applied.after.action, 'none');
      assert.equal(applied.registered, { path });
      if (before === after) assert.is(applied.before.action, 'none');
      else assert.is(statSync(path).mode & 0o777, 0o600);
      if (before === undefined) assert.is(statSync(join(home, '.ssh')).mode & 0o777, 0o700);
      for (const command of applied.commands) assert.is('as' in command && command.as, 'postgres');
    }),
  );

test('a link in a home is not followed', ({ machine }) =>
  withHome(machine, A, (home) => {
    rmSync(join(home, '.ssh'), { recursive: true });
    symlinkSync('/root', join(home, '.ssh'));
    const { change } = plan(machine, authorizedKey, { user: 'postgres', key: B });
    assert.match(change.reason ?? '', /is a symbolic link, or in one: it is not followed/);
  }));

const REFUSED: readonly (readonly [object, RegExp])[] = [
  [{ user: 'nobody_here', key: A }, /there is no account nobody_here: make it first/],
  [
    { user: 'postgres', key: 'AAAAB3' },
    /expected a public key \("ssh-ed25519 AAAA… comment"\), found "AAAAB3"/,
  ],
  [{ user: 'postgres', key: '# nothing' }, /expected a public key, found none/],
];
for (const [args, reason] of REFUSED)
  test(`${JSON.stringify(args)} is refused`, ({ machine }) =>
    withHome(machine, undefined, () =>
      assert.match(plan(machine, authorizedKey, args).change.reason ?? '', reason),
    ));

expectRefusedArgs(test, authorizedKey, [
  {},
  { user: 'postgres' },
  { user: '-x', key: A },
  { user: 'postgres', key: [] },
  { user: 'postgres', key: A, key_options: 'a\nb' },
]);

test.run();
