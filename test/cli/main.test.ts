import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder, localHost } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** Runs the real program without a terminal. */
function fanops(argv: string[], cwd = '/') {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const { status, stdout, stderr } = spawnSync(BIN, argv, { cwd, env, input: '', encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('--help names every command that is there, on stdout', () => {
  const { status, stdout, stderr } = fanops(['--help']);
  assert.is(status, 0);
  assert.is(stderr, '');
  assert.equal(
    [...stdout.matchAll(/^ {2}(\w+(?: [\w-]+)?) {2,}/gm)].map(([, name]) => name),
    [
      'plan',
      'apply',
      'run',
      'resume',
      'runs',
      'runs show',
      'unlock',
      'handlers',
      'validate',
      'explain',
      'inventory',
      'init',
      'key escrow',
      'key verify-escrow',
      'secrets encrypt',
      'secrets edit',
      'secrets rekey',
      'lab',
    ],
  );
});

test('without a command the help goes to stderr, and it is a mistake', () => {
  const { status, stdout, stderr } = fanops([]);
  assert.is(status, 1);
  assert.is(stdout, '');
  assert.match(stderr, 'usage: fanops COMMAND');
});

test('--version is that of the package', () => {
  const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.equal(fanops(['--version']), { status: 0, stdout: `fanops ${about.version}\n`, stderr: '' });
});

for (const command of ['plan', 'apply', 'validate'])
  test(`fanops ${command} --help is about ${command}, and hides what is not to be had`, () => {
    const { status, stdout } = fanops([command, '--help']);
    assert.is(status, 0);
    assert.match(stdout, `usage: fanops ${command} [options] PLAYBOOK`);
    assert.not.match(stdout, '--out');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 120, line);
  });

const mistakes: [string[], string][] = [
  [['aply'], 'error: there is no command `aply`\n  hint: did you mean `apply`?\n\n1 error\n'],
  [
    ['begin'],
    'error: there is no command `begin`\n  hint: commands: plan, apply, run, resume, runs, runs show, unlock, handlers, validate, explain, inventory, init, key escrow, key verify-escrow, secrets encrypt, secrets edit, secrets rekey, lab\n\n1 error\n',
  ],
  [
    ['key', 'escro'],
    'error: there is no command `key escro`\n  hint: did you mean `key escrow`?\n\n1 error\n',
  ],
  [['key'], 'error: there is no command `key`\n  hint: commands: key escrow, key verify-escrow\n\n1 error\n'],
  [['plan'], 'error: PLAYBOOK is missing\n  hint: write fanops plan PLAYBOOK\n\n1 error\n'],
  [
    ['plan', '--jsn', 'p.yml'],
    'error: `fanops plan` has no option `--jsn`\n  hint: did you mean `--json`?\n\n1 error\n',
  ],
];
for (const [argv, text] of mistakes)
  test(`fanops ${argv.join(' ')} is a mistake, and says so on stderr`, () =>
    assert.equal(fanops(argv), { status: 1, stdout: '', stderr: text }));

test('a long answer arrives whole, and a reader that leaves is no failure', () => {
  const long = 'x'.repeat(3_000_000);
  const hosts = `all: {hosts: {h1: {long: ${long}}}}\n`;
  inFolder({ 'hosts.yml': hosts }, (cwd) => {
    const list = `"${BIN}" inventory -i hosts.yml --list`;
    const options = { cwd, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
    const { status, stdout } = spawnSync('sh', ['-c', `exec ${list}`], options);
    assert.is(status, 0);
    assert.is(JSON.parse(stdout).hosts.h1.variables.long, long);
    assert.is(spawnSync('bash', ['-c', `set -o pipefail; ${list} | head -c 1`], options).status, 0);
  });
});

const HOSTS = 'all: {hosts: {db1: {ansible_connection: local}}}\n';
const LOOKS = '- {hosts: all, tasks: [{command: "true"}]}\n';

for (const command of ['inventory --list', 'plan p.yml --json'])
  test(`a full disk under what ${command} says is no bug of fanops`, () =>
    inFolder({ 'hosts.yml': HOSTS, 'p.yml': LOOKS }, (cwd) => {
      const line = `exec "${BIN}" ${command} -i hosts.yml >/dev/full`;
      const { status, stderr } = spawnSync('sh', ['-c', line], { cwd, encoding: 'utf8' });
      assert.equal(
        { status, stderr },
        { status: 1, stderr: 'fanops: ENOSPC: no space left on device, write\n' },
      );
    }));

test('the exit code holds where nobody can be told why', () => {
  assert.is(spawnSync('sh', ['-c', `exec "${BIN}" nonsense 2>/dev/full`]).status, 1);
});

test('a full disk under the journal is no bug of fanops, and the file is named', () => {
  const hosts = (folder: string) => `all: {hosts: {db1: ${localHost(folder)}}}\n`;
  inFolder({ 'p.yml': '- {hosts: all, tasks: [{command: touch made}]}\n' }, (cwd) => {
    writeFileSync(join(cwd, 'hosts.yml'), hosts(cwd));
    const full = 'mkdir full && mount -t tmpfs -o size=8k none full && ! yes 2>&- >full/fill';
    const apply = `FANOPS_RUNS=full exec "${BIN}" apply p.yml -i hosts.yml -y`;
    const argv = ['--mount', 'sh', '-c', `${full}; ${apply}`];
    const { status, stderr } = spawnSync('unshare', argv, { cwd, encoding: 'utf8' });
    assert.is(status, 1, stderr);
    assert.match(stderr, /^fanops: ENOSPC: no space left on device, write '.*\/full\/.*'$/m);
    assert.not.match(stderr, 'a bug in fanops');
  });
});

const TO = ['--to', 'age1k48zfs5gyl2ryy2yh067mpxwsx6tmq7ug4rq5w0w9mw0rfjew3eq92g4h5'];
const notFiles: [argv: string[], found: string][] = [
  [
    ['validate', 'p.yml', '-i', 'hosts.yml', '-e', '@.'],
    '-e @.: expected a YAML file of variables, found a directory',
  ],
  [
    ['explain', 'x', '-i', 'hosts.yml', '-e', '@no'],
    '-e @no: expected a YAML file of variables, found nothing',
  ],
  [['secrets', 'encrypt', '.', ...TO], '.: expected a YAML file of variables, found a directory'],
  [['secrets', 'encrypt', 'no.yml', ...TO], 'no.yml: expected a YAML file of variables, found nothing'],
];
for (const [argv, found] of notFiles)
  test(`fanops ${argv.slice(0, 3).join(' ')} says what it expected and found: ${found}`, () =>
    inFolder({ 'hosts.yml': HOSTS, 'p.yml': LOOKS }, (folder) => {
      const { status, stderr } = fanops(argv, folder);
      assert.is(status, 1);
      assert.match(stderr, `error: ${found}\n  hint: looked for ${folder}`);
    }));

for (const option of ['--tags', '--skip-tags'])
  test(`${option} without a tag does not stand for all tasks`, () =>
    inFolder({ 'hosts.yml': HOSTS, 'p.yml': LOOKS }, (folder) => {
      const { status, stderr } = fanops(['validate', 'p.yml', '-i', 'hosts.yml', option, ' ,,'], folder);
      assert.is(status, 1);
      assert.match(stderr, `error: ${option}: a tag was expected, found \` ,,\``);
    }));

test('names of tasks reach the terminal without their control characters in a list, too', () => {
  const text =
    '- {name: "p\\e[31m", hosts: all, tasks: [{name: "red\\e[31m", command: "true", tags: ["t\\e[0m"]}]}\n';
  inFolder({ 'hosts.yml': HOSTS, 'p.yml': text }, (folder) => {
    const lists = ['--list-tasks', '--list-hosts', '--list-tags'];
    const { status, stdout, stderr } = fanops(['validate', 'p.yml', '-i', 'hosts.yml', ...lists], folder);
    assert.is(status, 0, stderr);
    assert.match(stdout, '  1. red^[[31m  [t^[[0m]\n');
    assert.not.match(stdout, '\u001b');
  });
});

test('a playbook that is not there is named with where it was looked for', () => {
  inFolder({}, (folder) => {
    const { status, stderr } = fanops(['plan', 'nothing.yml'], folder);
    assert.is(status, 1);
    assert.match(stderr, 'there is no playbook `nothing.yml`');
    assert.match(stderr, /looked for nothing\.yml, playbooks\/nothing\.yml, \/.*\/playbooks\/nothing\.yml$/m);
  });
});

test('a playbook of fanops itself is found from anywhere', () => {
  inFolder(
    { 'hosts.yml': 'all: {hosts: {db1: {ansible_host: 192.0.2.1}}, children: {db: {hosts: {db1: {}}}}}' },
    (folder) => {
      const { status, stdout, stderr } = fanops(['validate', 'cluster', '-i', 'hosts.yml'], folder);
      assert.is(stderr, '');
      assert.match(stdout, /playbooks\/cluster\.yml is valid/);
      assert.is(status, 0);
    },
  );
});

test('without an inventory it says the three ways to name one', () => {
  inFolder({ 'playbooks/install.yml': '[]' }, (folder) => {
    const { status, stderr } = fanops(['plan', 'install'], folder);
    assert.is(status, 1);
    assert.match(stderr, 'write -i FILE, set FANOPS_INVENTORY, or put `inventory: FILE` into fanops.yml');
  });
});

test.run();
