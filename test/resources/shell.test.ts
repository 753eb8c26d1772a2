import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { probeFact } from '../../src/facts/probe.ts';
import { shell } from '../../src/resources/shell.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { type Scratch, useFolder } from './scratch.ts';
import { apply, plan, SH } from './tiny-engine.ts';
import { facts, unreadable, value } from './views.ts';

const test = suite<Scratch>('shell');
useFolder(test);

const RUN = { action: 'run', risk: 'changes', fields: [] } as const;
const DONE = probeFact("exec /bin/sh -c 'test -e /done'");

const CASES: readonly Case[] = [
  {
    title: "a pipeline is the shell's, whole",
    args: {
      cmd: "ls | grep 'x' > $OUT",
      chdir: '/srv',
      environment: { OUT: "a'b" },
      stdin: 'in',
      timeout: 5,
    },
    facts: facts(),
    change: RUN,
    commands: [
      {
        script: "cd -- /srv || exit\nexport OUT='a'\\''b'\nexec /bin/sh -c 'ls | grep '\\''x'\\'' > $OUT'",
        display: "ls | grep 'x' > $OUT",
        stdin: { kind: 'text', text: 'in' },
        timeoutMs: 5000,
      },
    ],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'another shell reads it where one is named',
    args: { cmd: 'x', executable: '/bin/bash' },
    facts: facts(),
    change: RUN,
    commands: [{ script: 'exec /bin/bash -c x' }],
  },
  {
    title: 'what succeeds already is not run again',
    args: { cmd: 'make', unless: 'test -e /done' },
    facts: facts([DONE, value({ holds: true })]),
    change: NOTHING,
  },
  {
    title: 'what does not succeed yet is run',
    args: { cmd: 'make', unless: 'test -e /done' },
    facts: facts([DONE, value({ holds: false })]),
    change: RUN,
    commands: [{ script: 'exec /bin/sh -c make' }],
  },
  {
    title: 'where the condition does not hold, it is not run',
    args: { cmd: 'make', only_if: 'test -e /done' },
    facts: facts([DONE, value({ holds: false })]),
    change: NOTHING,
  },
  {
    title: 'a probe that could not be run says neither yes nor no',
    args: { cmd: 'make', only_if: 'test -e /done' },
    facts: facts([DONE, unreadable('it could not be run')]),
    change: refusal(/^`only_if` gave no answer: test -e \/done: it could not be run$/),
  },
  {
    title: 'a probe that nobody may run leaves it unknown',
    args: { cmd: 'make', unless: 'test -e /done' },
    facts: facts([DONE, value({ holds: null })]),
    change: {
      action: 'unknown',
      risk: 'changes',
      fields: [],
      reason: /^whether `unless` holds was not asked \(--no-user-probes\)$/,
    },
    commands: [{ script: 'exec /bin/sh -c make' }],
  },
  {
    title: 'a secret may not be in the line',
    args: { cmd: 'x', unless: Secret.open('hush') },
    facts: facts(),
    change: refusal(/a secret cannot be an argument, where others see it/),
  },
];
expectCases(test, shell, CASES);

expectRefusedArgs(test, shell, [{}, { cmd: '' }, { cmd: 'x', unless: [] }, { cmd: 'x', executable: 'bash' }]);

test('a line longer than the system takes is refused before it is tried', () => {
  const { change } = plan(SH, shell, { cmd: `: ${'x'.repeat(70_000)}` });
  assert.is(change.action, 'blocked');
  assert.match(change.reason ?? '', /is 70002 bytes long; the system takes 65536: use stdin or a file/);
});

test('probes run where and with what the command runs', ({ dir }) => {
  writeFileSync(join(dir, 'here'), '');
  const unless = '[ -e here ] && [ "$A" = b ]';
  const args = { cmd: 'touch ran', chdir: dir, environment: { A: 'b' }, unless };
  assert.is(plan(SH, shell, args).change.action, 'none');
  assert.is(plan(SH, shell, { ...args, environment: { A: 'c' } }).change.action, 'run');
  assert.is(plan(SH, shell, { ...args, unless: ['test', '-e', 'here'] }).change.action, 'none');
});

test('a secret variable arrives byte for byte, and stdin behind it', ({ dir }) => {
  const secret = ' \\t"$(id)\'ü\n\n';
  const cmd = 'printf %s "$A" >seen; cat >in; env | grep -c fanops_secret || :';
  const environment = { A: Secret.open(secret), B: Secret.open('') };
  const { results } = apply(SH, shell, { cmd, chdir: dir, environment, stdin: 'a\nb' });
  assert.equal([results[0]?.status, results[0]?.stdout], [0, '0\n']);
  assert.is(readFileSync(join(dir, 'seen'), 'utf8'), secret);
  assert.is(readFileSync(join(dir, 'in'), 'utf8'), 'a\nb');
});

test('a probe that does not exist is no answer', () => {
  const { change } = plan(SH, shell, { cmd: 'true', unless: ['no-such-program'] });
  assert.is(change.action, 'blocked');
  assert.match(change.reason ?? '', /^`unless` gave no answer: no-such-program: it could not be run/);
});

test('a pipeline runs, and what it did is seen by its probe', ({ dir }) => {
  const cmd = "printf 'a\\nb\\n' | grep b >found; exit 3";
  const { results, registered, after } = apply(SH, shell, { cmd, chdir: dir, unless: 'grep -q b found' });
  assert.equal([results[0]?.status, after.action], [3, 'none']);
  assert.equal(registered, { status: 3, stdout: '', stderr: '', stdout_lines: [] });
  assert.ok(existsSync(join(dir, 'found')));
});

test.run();
