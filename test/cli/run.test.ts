import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localHost } from './folder.ts';

/** The whole program on hosts that are this machine, each with folders of its own; no terminal. */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };

const RUNBOOK = `runbook: Clear a node
params:
  target: { type: host, description: The node to clear }
objectives: { rto: 10m }
steps:
  - step: Look whether it may be cleared
    hosts: "{{target}}"
    look:
      - command: { argv: [cat, "{{base}}/{{target}}.state"] }
        changed_when: false
        register: state
    guard:
      - that: state.stdout != 'leading'
        msg: hand leadership over first, with \`fanops run switchover\`
  - step: Clear it
    hosts: "{{target}}"
    point_of_no_return: true
    confirm: { text: "wipe {{target}}", message: "All data of {{target}} goes." }
    tasks:
      - name: Remove its data
        file: { path: "{{base}}/{{target}}.data", state: absent }
    verify:
      look:
        - stat: { path: "{{base}}/{{target}}.data" }
          register: data
      that: "!data.exists"
      within: 1s
    undo:
      - name: Put its data back
        file: { path: "{{base}}/{{target}}.data", content: back }
  - step: Tell the others
    hosts: db:!{{target}}
    tasks:
      - name: Note it
        file: { path: "{{base}}/{{inventory_hostname}}.note", content: "{{target}} was cleared" }
`;

const test = suite<{ folder: string }>('run', { folder: '' });

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'fanops-run-'));
  const { folder } = context;
  const host = (name: string) => `        ${name}: ${localHost(`${folder}/${name}`)}`;
  const hosts = ['db1', 'db2'].map(host).join('\n');
  write(folder, 'fanops.yml', 'inventory: hosts.yml\n');
  write(
    folder,
    'hosts.yml',
    `all:\n  children:\n    db:\n      hosts:\n${hosts}\n        db3: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody}\n  vars: {base: "${folder}"}\n`,
  );
  write(folder, 'clear.yml', RUNBOOK);
  write(folder, 'db2.state', 'replica\n');
  write(folder, 'db2.data', 'data\n');
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function write(folder: string, path: string, text: string): void {
  writeFileSync(join(folder, path), text);
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

const CONFIRMED = ['--yes', '--lost', 'db3', '--confirm', 'db3 is powered off', '--confirm', 'wipe db2'];

test('a runbook goes from step to step, without the lost host, and says how it went', ({ folder }) => {
  const { status, stdout, stderr } = fanops(folder, 'run', 'clear', '-e', 'target=db2', ...CONFIRMED);
  assert.is(status, 0, stderr);
  assert.is(stdout, '');
  assert.match(stderr, 'confirmed (--confirm): db3 is powered off');
  assert.match(stderr, /step 2 of 3: Clear it {2}\[db2\] {2}[\d.]+ s of 10 min 00 s \(RTO\)/);
  assert.match(stderr, 'All data of db2 goes.');
  assert.match(stderr, /step 3 of 3: Tell the others {2}\[db1\]/);
  assert.match(stderr, 'RUNBOOK done');
  assert.not.ok(existsSync(join(folder, 'db2.data')));
  assert.is(readFileSync(join(folder, 'db1.note'), 'utf8'), 'db2 was cleared');
});

test('a guard that refuses is exit code 5: what it saw, what to do instead, what to type to go on', ({
  folder,
}) => {
  write(folder, 'db2.state', 'leading\n');
  const { status, stderr } = fanops(folder, 'run', 'clear', '-e', 'target=db2', ...CONFIRMED);
  assert.is(status, 5, stderr);
  assert.match(stderr, 'state.stdout is "leading"');
  assert.match(stderr, 'hand leadership over first');
  assert.match(
    stderr,
    /done: +nothing\nnot done: +1. Look whether it may be cleared, 2. Clear it, 3. Tell the others/,
  );
  assert.match(stderr, /to go on: {3}fanops resume [\d-]+-[0-9a-f]+\n/);
  assert.ok(existsSync(join(folder, 'db2.data')));
});

const REFUSED: readonly (readonly [title: string, argv: readonly string[], message: RegExp])[] = [
  [
    'every text that would be asked for is wanted before anything is done, without a terminal',
    ['--yes', '--lost', 'db3'],
    /--lost db3 must be confirmed by its text\n +hint: write --confirm 'db3 is powered off'\n[\s\S]*step 2 \(Clear it\) must be confirmed by its text\n +hint: write --confirm 'wipe db2'/,
  ],
  ['a text that nothing asks for', [...CONFIRMED, '--confirm', 'wipe db1'], /nothing asks for `wipe db1`/],
  [
    'the beginning, without --yes and without a terminal',
    CONFIRMED.slice(1),
    /no terminal to ask on[\s\S]*--yes/,
  ],
  ['a limit', [...CONFIRMED, '--limit', 'db2'], /`--limit` is not for a runbook/],
  ['asking before each step, without a terminal', [...CONFIRMED, '--step'], /there is no terminal to ask on/],
  [
    'a step that is not there',
    [...CONFIRMED, '--from', 'Cler it'],
    /there is no step `Cler it`[\s\S]*`Clear it`/,
  ],
  ['a host that nobody knows', ['--lost', 'db33'], /no host `db33`[\s\S]*did you mean `db3`/],
  ['a misspelt parameter', ['-e', 'targt=db1'], /-e targt: the runbook has no such parameter[\s\S]*`target`/],
];

for (const [title, argv, message] of REFUSED)
  test(`refused, with nothing done: ${title}`, ({ folder }) => {
    const { status, stderr } = fanops(folder, 'run', 'clear', '-e', 'target=db2', ...argv);
    assert.is(status, 1, stderr);
    assert.match(stderr, message);
    assert.ok(existsSync(join(folder, 'db2.data')));
    assert.not.ok(existsSync(join(folder, 'db2')), 'fanops left a folder on the host');
  });

test('a host that cannot be reached and is not declared lost stops the step that needs it', ({ folder }) => {
  const { status, stderr } = fanops(
    folder,
    'run',
    'clear',
    '-e',
    'target=db2',
    '--yes',
    '--confirm',
    'wipe db2',
  );
  assert.is(status, 4, stderr);
  assert.match(stderr, 'STOPPED at step 3');
  assert.match(stderr, 'to go back: fanops run clear --extra-vars target=db2 --undo 2');
});

test('--from begins in the middle where the step before has had its effect, and not otherwise', ({
  folder,
}) => {
  const argv = [
    'run',
    'clear',
    '-e',
    'target=db2',
    '--yes',
    '--lost',
    'db3',
    '--confirm',
    'db3 is powered off',
  ];
  const refused = fanops(folder, ...argv, '--from', '3');
  assert.is(refused.status, 5, refused.stderr);
  assert.match(refused.stderr, '--from would skip step 2 (Clear it), which has not had its effect');
  assert.not.ok(existsSync(join(folder, 'db1.note')));
  rmSync(join(folder, 'db2.data'));
  const done = fanops(folder, ...argv, '--from', 'Tell the others');
  assert.is(done.status, 0, done.stderr);
  assert.ok(existsSync(join(folder, 'db1.note')));
});

test('--undo goes back, the last step first, and stops at one that has no way back', ({ folder }) => {
  rmSync(join(folder, 'db2.data'));
  const argv = ['run', 'clear', '-e', 'target=db2', '--yes'];
  const back = fanops(folder, ...argv, '--undo', '2');
  assert.is(back.status, 0, back.stderr);
  assert.is(readFileSync(join(folder, 'db2.data'), 'utf8'), 'back');
  assert.match(back.stderr, /step 2 done[\s\S]*step 1 skipped: it changes nothing/);
  const refused = fanops(folder, ...argv, '--undo', '3', '--lost', 'db3', '--confirm', 'db3 is powered off');
  assert.is(refused.status, 5, refused.stderr);
  assert.match(refused.stderr, 'it has no way back');
});

test('a plan shows every step with its commands, its guards as they are now, and changes nothing', ({
  folder,
}) => {
  const argv = ['plan', 'clear', '-e', 'target=db2', '--lost', 'db3'];
  const { status, stdout } = fanops(folder, ...argv);
  assert.is(status, 0);
  assert.match(stdout, "✓ guard: state.stdout != 'leading'  [db2]");
  assert.match(stdout, /POINT OF NO RETURN[\s\S]*to be typed: wipe db2[\s\S]*\$ rm .*db2\.data/);
  assert.match(stdout, 'to go back:');
  assert.not.ok(existsSync(join(folder, 'db2')), 'fanops left a folder on the host');
  write(folder, 'db2.state', 'leading\n');
  const refused = fanops(folder, ...argv);
  assert.is(refused.status, 5);
  assert.match(refused.stdout, '✗ guard');
  assert.is(JSON.parse(fanops(folder, ...argv, '--json').stdout).schema, 'fanops/runbook-plan/1');
});

test('on paper it is numbered, with boxes to tick, the commands as typed, and the way back', ({ folder }) => {
  const { stdout } = fanops(folder, 'plan', 'clear', '-e', 'target=db2', '--lost', 'db3', '--format', 'md');
  assert.match(stdout, /^# Clear a node\n/);
  assert.match(stdout, '- Lost for good: db3.');
  assert.match(stdout, /- look at command: argv: .*\[?cat, .*db2\.state/);
  assert.match(stdout, "- [ ] check that `state.stdout != 'leading'` (when printed: it did). If not: hand");
  assert.match(
    stdout,
    /\*\*POINT OF NO RETURN[\s\S]*## 2\. Clear it[\s\S]*```sh\n {3}rm .*db2\.data\n {3}```/,
  );
  assert.match(stdout, /### To go back\n\n1\. Put its data back/);
});

test('validate wants no parameters, --list-steps neither; apply and run tell playbooks and runbooks apart', ({
  folder,
}) => {
  assert.is(
    fanops(folder, 'validate', 'clear').stdout,
    'clear.yml is valid: 3 steps, 1 parameter, 3 hosts\n',
  );
  assert.match(
    fanops(folder, 'run', 'clear', '--list-steps').stdout,
    '2. Clear it  [db1–db3]  (asks for a text',
  );
  const applied = fanops(folder, 'apply', 'clear', '--yes');
  assert.is(applied.status, 1);
  assert.match(applied.stderr, 'run it with `fanops run`');
  write(folder, 'play.yml', '- {hosts: db1, tasks: [{file: {path: "{{base}}/played", content: x}}]}\n');
  assert.is(fanops(folder, 'run', 'play', '--yes').status, 0);
  assert.ok(existsSync(join(folder, 'played')));
  assert.match(
    fanops(folder, 'run', 'play', '--yes', '--from', '2').stderr,
    '`--from` is not for a playbook',
  );
});

test('the first ^C ends what waits, and says what was done and what was not', async ({ folder }) => {
  write(
    folder,
    'wait.yml',
    `runbook: Wait
steps:
  - step: Do
    hosts: db1
    tasks: [{file: {path: "{{base}}/done", content: x}}]
  - step: Wait
    hosts: db1
    verify: { look: [{stat: {path: "{{base}}/never"}, register: never}], that: never.exists, within: 60s, every: 100ms }
`,
  );
  const child = spawn(BIN, ['run', 'wait.yml', '--yes'], {
    cwd: folder,
    env: ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const closed = once(child, 'close');
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    const before = text.includes('waiting: ');
    text += chunk;
    if (!before && text.includes('waiting: ')) child.kill('SIGINT');
  });
  const [status] = await closed;
  assert.is(status, 6, text);
  assert.match(text, /waiting: never\.exists is false, want never\.exists, \d+ of 60 s/);
  assert.match(text, /STOPPED at step 2: Wait \(stopped by the operator\)[\s\S]*done: +1. Do/);
});

test.run();
