import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArgs } from '../../src/cli/args.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { extraVars } from '../../src/cli/extra-vars.ts';
import { readSettings, withWholePaths } from '../../src/cli/settings.ts';
import { InputError } from '../../src/core/diagnostic.ts';
import { inFolder } from './folder.ts';

function settings(folder: string, argv: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const spec = COMMANDS.find((command) => command.spec.name === 'plan')?.spec;
  if (!spec) throw new Error('no plan');
  return readSettings(parseArgs(spec, ['p.yml', ...argv]), env, folder);
}

const FILE =
  'inventory: inventory/lab.yml\nforks: 7\nuser: ops\nprivate_key: keys/id\nssh_config: none\nkey_passphrase_file: keys/phrase\nbecome_password_file: keys/sudo\nage_identity: keys/age\nage_recipients: [age1a, age1b]\n';

test('fanops.yml is found in a folder above, and its paths are relative to it', () => {
  inFolder({ 'fanops.yml': FILE }, (folder) => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    assert.equal(settings(join(folder, 'a/b')), {
      inventory: join(folder, 'inventory/lab.yml'),
      forks: 7,
      user: 'ops',
      privateKey: join(folder, 'keys/id'),
      sshConfig: undefined,
      keyPassphraseFile: join(folder, 'keys/phrase'),
      becomePasswordFile: join(folder, 'keys/sudo'),
      ageIdentity: join(folder, 'keys/age'),
      ageRecipients: ['age1a', 'age1b'],
      runs: join(folder, '.fanops/runs'),
    });
  });
});

test('the environment is stronger than the file, an option stronger than both', () => {
  inFolder({ 'fanops.yml': FILE }, (folder) => {
    const env = { FANOPS_INVENTORY: 'env.yml', FANOPS_FORKS: '9' };
    const found = settings(folder, ['-f', '3'], env);
    assert.is(found.inventory, join(folder, 'env.yml'));
    assert.is(found.forks, 3);
    assert.is(found.user, 'ops');
  });
});

test('without any of them there are defaults, and no inventory', () => {
  inFolder({}, (folder) => {
    assert.equal(settings(folder), {
      inventory: undefined,
      forks: 20,
      user: undefined,
      privateKey: undefined,
      sshConfig: join(homedir(), '.ssh/config'),
      keyPassphraseFile: undefined,
      becomePasswordFile: undefined,
      ageIdentity: undefined,
      ageRecipients: [],
      runs: join(folder, '.fanops/runs'),
    });
  });
});

test('a command line with whole paths means the same in any folder', () => {
  const spec = COMMANDS.find((command) => command.spec.name === 'plan')?.spec;
  if (!spec) throw new Error('no plan');
  const argv = ['p.yml', '-i', 'a.yml', '--private-key', '../id', '--ssh-config', 'none', '-u', 'ops'];
  const { positionals, given } = withWholePaths(parseArgs(spec, argv), '/x/y');
  assert.equal(positionals, ['p.yml']);
  assert.equal(Object.fromEntries(given), {
    inventory: ['/x/y/a.yml'],
    'private-key': ['/x/id'],
    'ssh-config': ['none'],
    user: ['ops'],
  });
});

const broken: [string, string, number, number][] = [
  ['inventry: x\n', '`inventry` is not a setting', 1, 1],
  ['user: ops\nforks: many\n', '`forks` must be a whole number of at least 1, found', 2, 8],
  ['- a\n', 'fanops.yml must be a mapping of settings', 1, 1],
];
for (const [text, message, line, column] of broken)
  test(`fanops.yml with ${JSON.stringify(text)} is refused with its place`, () => {
    inFolder({ 'fanops.yml': text }, (folder) => {
      const [first] = mistakesOf(() => settings(folder));
      assert.match(first?.message ?? '', message);
      assert.equal([first?.position?.line, first?.position?.column], [line, column]);
    });
  });

test('a number of forks that is none is refused with where it came from', () => {
  inFolder({}, (folder) => {
    const message = 'the number of forks must be a whole number from 1 to 9999, found `0` in FANOPS_FORKS';
    assert.is(mistakesOf(() => settings(folder, [], { FANOPS_FORKS: '0' }))[0]?.message, message);
  });
});

const variables: [string, unknown][] = [
  ['port=5433', 5433],
  ['n=-3', -3],
  ['on=true', true],
  ['mode=0644', '0644'],
  ['version=3.10', '3.10'],
  ['text=a=b c', 'a=b c'],
  ['empty=', ''],
  ['list=["a", 1]', ['a', 1]],
  ['quoted="5433"', '5433'],
];
for (const [word, value] of variables)
  test(`-e ${word} gives ${JSON.stringify(value)}`, () =>
    assert.equal(extraVars([word]), { [word.split('=')[0] ?? '']: value }));

test('variables also come from a file, and the later -e wins', () => {
  inFolder({ 'v.yml': 'a: 1\nb: {c: [x]}\n' }, (folder) => {
    assert.equal(extraVars([`@${join(folder, 'v.yml')}`, 'a=2']), { a: 2, b: { c: ['x'] } });
  });
});

for (const word of ['name', '1a=2', 'a-b=1', 'list=[1'])
  test(`-e ${word} is refused`, () => assert.is(mistakesOf(() => extraVars([word])).length, 1));

for (const word of [
  'db_password={hunter2',
  'db={"password":hunter2}',
  'db-password=hunter2',
  'password: hunter2',
  '{"password": "hunter2"}',
])
  test(`what is wrong with -e '${word}' is said without its value`, () => {
    const [first] = mistakesOf(() => extraVars([word]));
    assert.not.match(JSON.stringify(first), 'hunter2');
    assert.match(first?.message ?? '', '-e');
  });

test('JSON that is nested deeper than a file may be is refused', () => {
  const [first] = mistakesOf(() => extraVars([`x=${'['.repeat(5000)}${']'.repeat(5000)}`]));
  assert.is(first?.message, '-e x: lists and mappings are nested too deep');
});

const connections: [name: string, hint: string][] = [
  ['ansible_host', 'write it into the inventory, at the host, or name another inventory with -i'],
  ['ansible_connection', 'write it into the inventory, at the host, or name another inventory with -i'],
  ['fanops_proxy_jump', 'write it into the inventory, at the host, or name another inventory with -i'],
  ['ansible_user', 'write --user USER'],
  ['ansible_ssh_private_key_file', 'write --private-key FILE'],
  ['ansible_become', 'write --become'],
  [
    'ansible_become_password',
    'give it with --ask-become-pass or --become-password-file, not in a file of the inventory',
  ],
];
for (const [name, hint] of connections)
  test(`-e ${name} would be shown and not used, and is refused with what to write`, () =>
    assert.equal(
      mistakesOf(() => extraVars([`${name}=x`])),
      [
        {
          severity: 'error',
          message: `-e ${name}: how hosts are reached is not a variable of the command line`,
          hint,
        },
      ],
    ));

test('what says nothing of how hosts are reached may be given, from a file, too', () => {
  assert.equal(extraVars(['fanops_dist=x', 'ansible_python_interpreter=y']), {
    fanops_dist: 'x',
    ansible_python_interpreter: 'y',
  });
  inFolder({ 'v.yml': 'ansible_port: 22\nansible_host: x\n' }, (folder) => {
    assert.is(mistakesOf(() => extraVars([`@${join(folder, 'v.yml')}`])).length, 2);
  });
});

function mistakesOf(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error.diagnostics;
    throw error;
  }
  throw new Error('it was accepted');
}

test.run();
