import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CommandSpec, parseArgs } from '../../src/cli/args.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { InputError } from '../../src/core/diagnostic.ts';

const apply = specOf('apply');

function specOf(name: string): CommandSpec {
  const command = COMMANDS.find(({ spec }) => spec.name === name);
  if (!command) throw new Error(`no command ${name}`);
  return command.spec;
}

const good: [string, string[], { [name: string]: string[] }][] = [
  ['a long option with its value', ['--limit', 'db1', 'p'], { limit: ['db1'] }],
  ['a value after =', ['--limit=db1=x', 'p'], { limit: ['db1=x'] }],
  ['a value that ends in =', ['--limit=db1=', 'p'], { limit: ['db1='] }],
  ['a letter with its value', ['-l', 'db1', 'p'], { limit: ['db1'] }],
  ['a letter with its value attached', ['-f5', 'p'], { forks: ['5'] }],
  ['letters together', ['-CDv', 'p'], { check: [''], diff: [''], verbose: [''] }],
  ['letters together, the last with a value', ['-Cldb1', 'p'], { check: [''], limit: ['db1'] }],
  ['-vvv', ['-vvv', 'p'], { verbose: ['', '', ''] }],
  ['an option given twice', ['-e', 'a=1', '-e', 'b=2', 'p'], { 'extra-vars': ['a=1', 'b=2'] }],
  ['an alias', ['--auto-approve', 'p'], { yes: [''] }],
  ['options after the argument', ['p', '--check'], { check: [''] }],
  ['a value that looks like an option', ['-e', '-x', 'p'], { 'extra-vars': ['-x'] }],
  ['a value that begins with a dash', ['--limit', '-db1', 'p'], { limit: ['-db1'] }],
];
for (const [title, argv, given] of good)
  test(`a command line takes ${title}`, () => {
    const args = parseArgs(apply, argv);
    assert.equal(args.positionals, ['p']);
    assert.equal(Object.fromEntries(args.given), given);
  });

test('after -- nothing is an option', () => {
  assert.equal(parseArgs(apply, ['--', '--yes']).positionals, ['--yes']);
});

test('asking for help excuses what is missing', () => {
  assert.equal([...parseArgs(apply, ['--help', '--nope']).given.keys()], ['help']);
});

const bad: [string[], string, string | undefined][] = [
  [[], 'PLAYBOOK is missing', 'write fanops apply PLAYBOOK'],
  [['p', 'q'], 'one argument too many: `q`', 'write fanops apply PLAYBOOK'],
  [['p', 'db_password=x'], 'one argument too many: `db_password=••••••`', 'write fanops apply PLAYBOOK'],
  [['p', '--limt', 'x'], '`fanops apply` has no option `--limt`', 'did you mean `--limit`?'],
  [['p', '-Z'], '`fanops apply` has no option `-Z`', 'see fanops apply --help'],
  [['p', '--yes=1'], '`--yes` takes no value, found `1`', 'write --yes'],
  [['p', '--limit'], '`--limit` needs a value', 'write --limit HOSTS'],
  [['p', '--format', 'mx'], '`--format` must be one of text, md, json, found `mx`', 'did you mean `md`?'],
  [
    ['p', '--out', 'f'],
    '`--out` is not supported',
    'plans cannot be saved yet; `--json` gives the plan for reading',
  ],
];
for (const option of [
  '-i',
  '--inventory',
  '--limit',
  '-t',
  '--tags',
  '--skip-tags',
  '--user',
  '--private-key',
  '-e',
])
  bad.push([
    ['p', option, ''],
    `\`${option}\` needs a value, found an empty one`,
    'where it comes from a variable of the shell, that is empty or not set; else leave the option out',
  ]);
bad.push(
  [['p', '--tags='], '`--tags` needs a value, found an empty one', bad.at(-1)?.[2]],
  [[''], 'an argument is empty', 'write fanops apply PLAYBOOK'],
);
for (const [argv, message, hint] of bad)
  test(`${argv.join(' ') || 'nothing'} is refused: ${message}`, () => {
    const [first] = mistakesOf(argv);
    assert.is(first?.message, message);
    assert.is(first?.hint, hint);
  });

test('every mistake of a command line is named at once', () => {
  assert.equal(
    mistakesOf(['--nope', '-Z', '--out', 'f']).map((d) => d.message),
    [
      '`fanops apply` has no option `--nope`',
      '`fanops apply` has no option `-Z`',
      '`--out` is not supported',
      'PLAYBOOK is missing',
    ],
  );
});

test('no letter and no name means two things in one command', () => {
  for (const { spec } of COMMANDS) {
    const names = spec.options.flatMap((o) => [o.name, ...(o.aliases ?? []), ...(o.short ? [o.short] : [])]);
    assert.equal([...new Set(names)], names, spec.name);
  }
});

function mistakesOf(argv: string[]) {
  try {
    parseArgs(apply, argv);
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
  throw new Error('it was accepted');
}

test.run();
