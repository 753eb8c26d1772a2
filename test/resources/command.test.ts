import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { placeFact } from '../../src/facts/place.ts';
import { command } from '../../src/resources/command.ts';
import { expectRefusedStates, type OnMachine, useMachine } from './calls.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { apply, SH } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<OnMachine>('command');
useMachine(test);

const RUN = { action: 'run', risk: 'changes', fields: [] } as const;
const DONE = placeFact('/done');
const THERE = value({ type: 'file' as const });
const NOT_RUN = { status: null, stdout: '', stderr: '', stdout_lines: [] };

const CASES: readonly Case[] = [
  {
    title: 'it runs every time, may touch anything, and has half an hour',
    args: { cmd: 'ls -l' },
    facts: facts(),
    change: RUN,
    commands: [{ script: 'exec ls -l', display: 'ls -l', timeoutMs: 1_800_000 }],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'directory, environment, stdin and time reach it',
    args: { cmd: 'cat', chdir: '/srv', environment: { A: 'b c', D: '' }, stdin: 'in', timeout: '5s' },
    facts: facts(),
    change: RUN,
    commands: [
      {
        script: "cd -- /srv || exit\nexport A='b c'\nexport D=''\nexec cat",
        stdin: { kind: 'text', text: 'in' },
        timeoutMs: 5000,
      },
    ],
  },
  {
    title: 'odd arguments are words of their own, as they are',
    args: { argv: ['printf', '-x', '$(id)', "it's", 'a\nb', '', '*'] },
    facts: facts(),
    change: RUN,
    commands: [{ script: "exec printf -x '$(id)' 'it'\\''s' 'a\nb' '' '*'" }],
  },
  {
    title: 'an odd directory is one word',
    args: { cmd: 'ls', chdir: '/-rf $HOME;`id`' },
    facts: facts(),
    change: RUN,
    commands: [{ script: "cd -- '/-rf $HOME;`id`' || exit\nexec ls" }],
  },
  {
    title: 'where what it creates is there, it is done',
    args: { cmd: 'make', creates: '/done' },
    facts: facts([DONE, THERE]),
    change: NOTHING,
    registered: NOT_RUN,
  },
  {
    title: 'a link that leads nowhere is there, too',
    args: { cmd: 'make', creates: '/done' },
    facts: facts([DONE, value({ type: 'link' as const })]),
    change: NOTHING,
  },
  {
    title: 'where what it creates is missing, it runs',
    args: { cmd: 'make', creates: '/done' },
    facts: facts([DONE, ABSENT]),
    change: RUN,
    commands: [{ script: 'exec make' }],
  },
  {
    title: 'where what it removes is there, it runs',
    args: { cmd: 'clean', removes: '/done' },
    facts: facts([DONE, THERE]),
    change: RUN,
    commands: [{ script: 'exec clean' }],
  },
  {
    title: 'where what it removes is missing, it is done',
    args: { cmd: 'clean', removes: '/done' },
    facts: facts([DONE, ABSENT]),
    change: NOTHING,
  },
  {
    title: 'either of the two is enough to be done',
    args: { cmd: 'move', creates: '/new', removes: '/done' },
    facts: facts([placeFact('/new'), ABSENT], [DONE, ABSENT]),
    change: NOTHING,
  },
  {
    title: 'what it creates and nobody could look at is neither there nor missing',
    args: { cmd: 'make', creates: '/done' },
    facts: facts([DONE, unreadable('Permission denied')]),
    change: refusal(/^could not look at \/done: Permission denied$/),
  },
  {
    title: 'what it removes and nobody could look at is neither there nor missing',
    args: { cmd: 'clean', removes: '/done' },
    facts: facts([DONE, unreadable('Permission denied')]),
    change: refusal(/^could not look at \/done: Permission denied$/),
  },
  {
    title: 'a secret goes by stdin, and not into the script',
    args: { cmd: 'login', stdin: Secret.open('hush') },
    facts: facts(),
    change: RUN,
    commands: [{ script: 'exec login', stdin: { kind: 'text', text: Secret.open('hush') } }],
  },
  {
    title: 'a secret in the environment goes ahead of stdin, and not into the script',
    args: { cmd: 'login', environment: { USER: 'u', PASSWORD: Secret.open('hush') }, stdin: 'in' },
    facts: facts(),
    change: RUN,
    commands: [
      {
        script: [
          'IFS= read -r fanops_secret_1 || exit',
          'fanops_secret_1=$(printf %s "$fanops_secret_1" | base64 -d && echo .) || exit',
          'export USER=u',
          'export PASSWORD="${fanops_secret_1%.}"',
          'unset fanops_secret_1',
          'exec login',
        ].join('\n'),
        stdin: { kind: 'text', text: 'in', before: Secret.open('aHVzaA==\n') },
      },
    ],
  },
  {
    title: 'a probe is not asked with a secret in its environment',
    args: { cmd: 'login', environment: { PASSWORD: Secret.open('hush') }, unless: 'true' },
    facts: facts(),
    change: refusal(
      /^`unless` cannot be asked with the secret variable PASSWORD in its environment: use `creates`/,
    ),
  },
  {
    title: 'a secret that no environment can hold is refused unseen',
    args: { cmd: 'login', environment: { PASSWORD: Secret.open('hush\0') } },
    facts: facts(),
    change: refusal(/^the secret variable PASSWORD holds a NUL byte, which no program can be given/),
  },
];

expectCases(test, command, CASES);

expectRefusedArgs(test, command, [
  {},
  { cmd: 'ls', argv: ['ls'] },
  { argv: [] },
  { cmd: 'ls', chdir: 'here' },
  { cmd: 'ls', creates: '/a/../b' },
  { cmd: 'ls', environment: { 'A B': 'x' } },
  { cmd: 'ls', environment: { 'A=$(id)': 'x' } },
  { cmd: 'ls', timeout: '5 s' },
  { cmd: 'ls', timeout: -1 },
]);

expectRefusedStates(test, command, [
  ['a pipe needs a shell', { cmd: 'ls | wc' }, {}, /"\|" means something only to a shell/],
  ['a variable needs a shell', { cmd: 'echo "$HOME"' }, {}, /"\$" is not expanded/],
  ['a quote must be closed', { cmd: "echo 'a" }, {}, /expected a closing '/],
  ['nothing is no program', { cmd: ' ' }, {}, /expected a program to run/],
  ['a secret is no argument', { argv: ['echo', Secret.open('hush')] }, {}, /a secret cannot be an argument/],
]);

const WORDS: readonly (readonly [string, readonly string[]])[] = [
  ['a  b\tc', ['a', 'b', 'c']],
  [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
  [`a'b'"c"d`, ['abcd']],
  [`'' ""`, ['', '']],
  [`'$HOME | * ~'`, ['$HOME | * ~']],
  ['--a=b:c/d@e {x} [y] a~b c#d !z', ['--a=b:c/d@e', '{x}', '[y]', 'a~b', 'c#d', '!z']],
  [`"a\\"b\\\\c\\n"`, [`a"b\\c\\n`]],
];

for (const [line, words] of WORDS)
  test(`${line} is split as a shell splits it`, () => {
    const { results } = apply(SH, command, { cmd: `printf '<%s>' ${line}` });
    assert.is(results[0]?.stdout, words.map((word) => `<${word}>`).join(''), results[0]?.stderr);
  });

test('a command that fails registers how', () => {
  const { results, registered } = apply(SH, command, {
    argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
  });
  assert.is(results[0]?.status, 3);
  assert.equal(registered, { status: 3, stdout: 'out', stderr: 'err', stdout_lines: ['out'] });
});

test('words of a shell are programs to a command', () => {
  for (const argv of [['A=B'], ['if'], ['cd', '/']])
    assert.is(apply(SH, command, { argv }).results[0]?.status, 127, argv[0]);
});

test.run();
