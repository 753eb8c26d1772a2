import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { localHost } from './folder.ts';
import { fanopsIn as fanops, killedWhen, lines, runbookFolder } from './program.ts';

/** The whole program on a host that is this machine, with folders of its own; no terminal. */
const RUNBOOK = `runbook: Three steps
steps:
  - step: Find out
    hosts: db1
    look:
      - command: { argv: [cat, "{{base}}/state"] }
        changed_when: false
        register: state
    tasks:
      - name: Count it
        command: { argv: [sh, -c, "echo x >>{{base}}/counted; echo found"] }
        register: found
  - step: Wait for the operator
    hosts: db1
    tasks:
      - name: Begin
        command: { argv: [sh, -c, "echo x >>{{base}}/begun"] }
      - name: Hold
        command: { argv: [sh, -c, "until [ -e {{base}}/go ]; do sleep 0.1; done; [ ! -e {{base}}/fail ]"] }
  - step: Tell
    hosts: db1
    confirm: tell {{state.stdout}}
    tasks:
      - file: { path: "{{base}}/told", content: "{{state.stdout}} {{found.stdout}}" }
`;

const test = suite<{ folder: string }>('resume a runbook', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('three.yml', RUNBOOK);
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

const SAID = ['--confirm', 'tell before'];

test('what is done is not done again, what was found out is as it was, the failed step goes on', ({
  folder,
}) => {
  for (const path of ['go', 'fail']) writeFileSync(join(folder, path), '');
  const failed = fanops(folder, 'run', 'three.yml', '--yes', ...SAID);
  assert.is(failed.status, 3, failed.stderr);
  assert.match(failed.stderr, 'fanops resume ');
  rmSync(join(folder, 'fail'));
  writeFileSync(join(folder, 'state'), 'after\n');
  const resumed = fanops(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  assert.is(readFileSync(join(folder, 'told'), 'utf8'), 'before found');
  assert.equal([lines(folder, 'counted'), lines(folder, 'begun')], [1, 1]);
});

test('--until stops behind a step, and the run is taken up from there, again up to a step', ({ folder }) => {
  writeFileSync(join(folder, 'go'), '');
  const ends = (code: number, ...args: string[]): void => {
    const ended = fanops(folder, ...args);
    assert.is(ended.status, code, ended.stderr);
  };
  ends(6, 'run', 'three.yml', '--yes', '--until', '1', ...SAID);
  assert.equal([lines(folder, 'counted'), existsSync(join(folder, 'begun'))], [1, false]);
  ends(6, 'resume', 'last', '--until', 'Wait for the operator');
  assert.equal([lines(folder, 'begun'), existsSync(join(folder, 'told'))], [1, false]);
  ends(0, 'resume', 'last');
  assert.equal([lines(folder, 'counted'), lines(folder, 'begun')], [1, 1]);
  assert.is(readFileSync(join(folder, 'told'), 'utf8'), 'before found');
});

test('--until before what is begun with, or with --undo, is a mistake', ({ folder }) => {
  for (const [other, step] of [
    ['--from', '2'],
    ['--undo', '1'],
  ] as const) {
    const { status, stderr } = fanops(folder, 'run', 'three.yml', '--yes', '--until', '1', other, step);
    assert.is(status, 1, stderr);
    assert.match(stderr, '--until');
  }
});

test('a step that was not confirmed is confirmed when the run is taken up', ({ folder }) => {
  writeFileSync(join(folder, 'go'), '');
  const stopped = fanops(folder, 'run', 'three.yml', '--yes');
  assert.is(stopped.status, 6, stopped.stderr);
  assert.not.ok(existsSync(join(folder, 'told')));
  const resumed = fanops(folder, 'resume', 'last', ...SAID);
  assert.is(resumed.status, 0, resumed.stderr);
  assert.is(readFileSync(join(folder, 'told'), 'utf8'), 'before found');
  assert.equal([lines(folder, 'counted'), lines(folder, 'begun')], [1, 1]);
});

/** Kills the controller as soon as something is there, and lets what it had begun go on. */
async function killedAt(folder: string, path: string): Promise<void> {
  await killedWhen(folder, () => existsSync(join(folder, path)), 'run', 'three.yml', '--yes', ...SAID);
  writeFileSync(join(folder, 'go'), '');
}

test('a controller that was killed in a step is taken up there: what still ran is waited for', async ({
  folder,
}) => {
  await killedAt(folder, 'begun');
  const resumed = fanops(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  assert.is(readFileSync(join(folder, 'told'), 'utf8'), 'before found');
  assert.equal([lines(folder, 'counted'), lines(folder, 'begun')], [1, 1]);
});

test('a host that was held before, and has nothing left to do, is given back at the end', async ({
  folder,
}) => {
  const host = (name: string) => `${name}: ${localHost(`${folder}/${name}`)}`;
  writeFileSync(
    join(folder, 'hosts.yml'),
    `all: {hosts: {${host('db1')}, ${host('db2')}}, vars: {base: "${folder}"}}\n`,
  );
  const waits = `{command: {argv: [sh, -c, "echo >${folder}/looking; until [ -e ${folder}/go ]; do sleep 0.1; done"]}, changed_when: false}`;
  const looking = `Wait for the operator\n    hosts: db1\n    when: size(lost) == 0\n    look: [${waits}]`;
  const runbook = RUNBOOK.replace('hosts: db1', 'hosts: db2');
  writeFileSync(join(folder, 'three.yml'), runbook.replace('Wait for the operator\n    hosts: db1', looking));
  await killedAt(folder, 'looking');
  assert.match(fanops(folder, 'unlock', 'db2').stderr, 'db2: held by');
  const resumed = fanops(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  const { stderr } = fanops(folder, 'unlock', 'db1', 'db2');
  assert.match(stderr, 'db1: nobody holds it');
  assert.match(stderr, 'db2: nobody holds it');
});

test.run();
