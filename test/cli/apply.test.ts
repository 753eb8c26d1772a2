import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localHost } from './folder.ts';

/** The whole program on hosts that are this machine, each with folders of its own; no terminal. */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

const test = suite<{ folder: string }>('apply', { folder: '' });

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'fanops-apply-'));
  const { folder } = context;
  mkdirSync(join(folder, 'playbooks'));
  mkdirSync(join(folder, 'templates'));
  const host = (name: string) => `    ${name}: ${localHost(`${folder}/${name}`)}`;
  write(folder, 'fanops.yml', 'inventory: hosts.yml\n');
  write(folder, 'hosts.yml', `all:\n  hosts:\n${host('db1')}\n${host('db2')}\n  vars: {base: "${folder}"}\n`);
  write(folder, 'templates/x.hbs', 'I am {{ inventory_hostname }}\n');
  write(
    folder,
    'playbooks/site.yml',
    `- name: site
  hosts: all
  tasks:
    - name: Settings
      template: {src: x.hbs, dest: "{{ base }}/{{ inventory_hostname }}.conf", mode: "0640"}
      tags: [settings]
`,
  );
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function write(folder: string, path: string, text: string): void {
  writeFileSync(join(folder, path), text);
}

function commandPlaybook(folder: string, script: string): void {
  const argv = JSON.stringify(['sh', '-c', script]);
  write(
    folder,
    'run.yml',
    `- name: run\n  hosts: db1\n  tasks:\n    - name: Run it\n      command: {argv: ${argv}}\n`,
  );
}

function fanops(folder: string, ...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(BIN, argv, {
    cwd: folder,
    env: ENV,
    input: '',
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('a plan says what apply then does, and a second apply has nothing to do', ({ folder }) => {
  const planned = fanops(folder, 'plan', 'site', '--detailed-exitcode');
  assert.is(planned.status, 2, planned.stderr);
  assert.match(planned.stdout, '+I am db2');
  assert.match(planned.stdout, 'Plan: 2 to add, 0 to change, 0 to destroy, 0 to run, 0 unknown, 0 blocked.');
  const applied = fanops(folder, 'apply', 'site', '--yes', '--stats');
  assert.is(applied.status, 0, applied.stderr);
  assert.is(applied.stdout, '');
  assert.match(applied.stderr, /db1 : ok=1 +changed=1/);
  assert.match(applied.stderr, /host +waits +sent +received\ndb1 /);
  assert.is(readFileSync(join(folder, 'db2.conf'), 'utf8'), 'I am db2\n');
  const again = fanops(folder, 'apply', 'site.yml');
  assert.is(again.status, 0, again.stderr);
  assert.match(again.stderr, 'No changes.');
  assert.match(again.stderr, /db1 : ok=1 +changed=0/);
});

test('without --yes and without a terminal nothing is applied', ({ folder }) => {
  const { status, stderr } = fanops(folder, 'apply', 'site');
  assert.is(status, 1);
  assert.match(stderr, 'Plan: 2 to add');
  assert.match(stderr, '--yes');
  assert.throws(() => readFileSync(join(folder, 'db1.conf')), /ENOENT/);
});

test('--check plans, and leaves stdout to the plan', ({ folder }) => {
  const { status, stdout } = fanops(folder, 'apply', 'site', '--check', '--yes', '--json', '-l', 'db1');
  assert.is(status, 0);
  const [first] = Object.keys(JSON.parse(stdout));
  assert.is(first, 'schema');
  assert.is(JSON.parse(stdout).summary.create, 1);
  assert.throws(() => readFileSync(join(folder, 'db1.conf')), /ENOENT/);
});

test('a failed task is exit code 3, with its place, command, status and stderr', ({ folder }) => {
  commandPlaybook(folder, 'echo half; echo broken >&2; exit 7');
  const { status, stderr } = fanops(folder, 'apply', 'run.yml', '--yes');
  assert.is(status, 3);
  assert.match(stderr, /FAILED: \[db1\] 1\. Run it\n {2}at +run\.yml:4 \(command\)/);
  assert.match(stderr, 'exit status 7');
  assert.match(stderr, /stderr +broken/);
});

test('a host out of reach is exit code 4, and the others are judged', ({ folder }) => {
  write(
    folder,
    'hosts.yml',
    readFileSync(join(folder, 'hosts.yml'), 'utf8').replace(
      /db2: .*/,
      'db2: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody}',
    ),
  );
  const { status, stdout } = fanops(folder, 'plan', 'site');
  assert.is(status, 4);
  assert.match(stdout, '+I am db1');
  assert.match(stdout, 'Unreachable: db2:');
});

test('mistakes are shown with their place, all at once, and reach no host', ({ folder }) => {
  write(
    folder,
    'bad.yml',
    '- name: bad\n  hosts: all\n  tasks:\n    - copi: {dest: /x}\n    - copy: {dst: /x}\n',
  );
  const { status, stdout, stderr } = fanops(folder, 'validate', 'bad.yml');
  assert.is(status, 1);
  assert.is(stdout, '');
  assert.match(stderr, /^bad\.yml:4:7: error: /m);
  assert.match(stderr, /^bad\.yml:5:\d+: error: /m);
  assert.not.match(stderr, 'connect');
});

test('validate and the listings say what is there', ({ folder }) => {
  assert.is(
    fanops(folder, 'validate', 'site').stdout,
    'playbooks/site.yml is valid: 1 play, 1 task, 2 hosts\n',
  );
  assert.is(
    fanops(folder, 'plan', 'site', '--list-hosts', '--list-tasks', '--list-tags').stdout,
    'play site: hosts\n  db1\n  db2\nplay site: tasks\n  1. Settings  [settings]\ntags\n  settings\n',
  );
});

test('the first ^C says what is still running, and the second ends it', async ({ folder }) => {
  commandPlaybook(folder, 'echo begun; sleep 60; echo never');
  const child = spawn(BIN, ['apply', 'run.yml', '--yes'], {
    cwd: folder,
    env: ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  let signals = 0;
  const closed = once(child, 'close');
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if ((signals === 0 && text.includes('| begun')) || (signals === 1 && text.includes('^C again'))) {
      signals += 1;
      child.kill('SIGINT');
    }
  });
  const [status] = await closed;
  assert.is(status, 6, text);
  assert.match(text, 'still running (^C again ends it):\n  db1: 1. Run it, for ');
  assert.not.match(text, '| never');
});

test('a plan with a step that cannot be done, but whose failure is ignored, is confirmed all the same', ({
  folder,
}) => {
  write(
    folder,
    'run.yml',
    `- hosts: db1
  tasks:
    - {name: no, ignore_errors: true, assert: {that: "1 == 2"}}
    - {name: file, file: {path: "{{ base }}/made", content: x}}
`,
  );
  const { status, stderr } = fanops(folder, 'apply', 'run.yml');
  assert.is(status, 1);
  assert.match(stderr, 'changes must be confirmed');
  assert.not.ok(existsSync(join(folder, 'made')));
  assert.is(fanops(folder, 'plan', 'run.yml').status, 0);
  assert.is(fanops(folder, 'apply', 'run.yml', '--yes').status, 0);
});

test.run();
