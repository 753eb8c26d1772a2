import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn, killedWhen, lines, runbookFolder } from './program.ts';

/** Going back, by the whole program on a host that is this machine; no terminal. */
const RUNBOOK = `runbook: Move and count
params:
  to: { default: moved }
steps:
  - step: Find out
    hosts: db1
    look:
      - command: { argv: [cat, "{{base}}/state"] }
        changed_when: false
        register: state
    tasks:
      - name: Note it
        command: { argv: [sh, -c, "echo x >>{{base}}/counted; echo found"] }
        register: found
    undo:
      - name: Count the way back
        command: { argv: [sh, -c, "echo x >>{{base}}/uncounted"] }
  - step: Move
    hosts: db1
    tasks:
      - file: { path: "{{base}}/{{to}}", content: "{{state.stdout}}" }
    undo:
      - name: Begin
        command: { argv: [sh, -c, "echo x >>{{base}}/begun"] }
      - name: Hold
        command: { argv: [sh, -c, "until [ -e {{base}}/go ]; do sleep 0.1; done; [ ! -e {{base}}/fail ]"] }
      - name: Put back what was found
        file: { path: "{{base}}/back", content: "{{state.stdout}} {{found.stdout}}" }
`;

const test = suite<{ folder: string }>('resume going back', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('move.yml', RUNBOOK);
  writeFileSync(join(context.folder, 'go'), '');
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function runIds(folder: string): string[] {
  return readdirSync(join(folder, '.fanops/runs')).filter((id) => /^\d/.test(id));
}

/** What taking back has come to, once it is over. */
function assertTakenBack(folder: string): void {
  assert.is(readFileSync(join(folder, 'back'), 'utf8'), 'before found');
  assert.equal([lines(folder, 'begun'), lines(folder, 'uncounted'), lines(folder, 'counted')], [1, 1, 1]);
}

test('what the run found out is there, and going back that failed goes on where it was', ({ folder }) => {
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes').status, 0);
  const [first = ''] = runIds(folder);
  writeFileSync(join(folder, 'state'), 'after\n');
  writeFileSync(join(folder, 'fail'), '');
  const failed = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2');
  assert.is(failed.status, 3, failed.stderr);
  assert.match(failed.stderr, `taking back the run ${first}`);
  assert.match(failed.stderr, /in part: {4}2\. Move\nstanding: {3}1\. Find out\n/);
  assert.match(failed.stderr, 'to go on:   fanops resume ');
  assert.not.match(failed.stderr, 'to go back');
  rmSync(join(folder, 'fail'));
  const refused = fanopsIn(folder, 'resume', first);
  assert.is(refused.status, 1, refused.stderr);
  const resumed = fanopsIn(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  assertTakenBack(folder);
});

test('a controller that was killed while it took something back is taken up there', async ({ folder }) => {
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes').status, 0);
  rmSync(join(folder, 'go'));
  await killedWhen(
    folder,
    () => existsSync(join(folder, 'begun')),
    'run',
    'move.yml',
    '--yes',
    '--undo',
    '2',
  );
  writeFileSync(join(folder, 'go'), '');
  const resumed = fanopsIn(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  assertTakenBack(folder);
});

test('a run that was stopped and taken back is not taken up again', ({ folder }) => {
  const stop = `${RUNBOOK}  - step: Stop\n    hosts: db1\n    guard: [{that: 1 == 2, msg: no}]\n`;
  writeFileSync(join(folder, 'move.yml'), stop);
  const stopped = fanopsIn(folder, 'run', 'move.yml', '--yes', '-e', 'to=there');
  assert.is(stopped.status, 5, stopped.stderr);
  const [first = ''] = runIds(folder);
  assert.match(
    stopped.stderr,
    `to go back: fanops run move.yml --extra-vars to=there --undo 2 --of ${first}`,
  );
  const other = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2', '--of', first);
  assert.is(other.status, 1, other.stderr);
  assert.match(other.stderr, 'that run was about something else: -e to=there');
  const back = fanopsIn(folder, 'run', 'move.yml', '--yes', '-e', 'to=there', '--undo', '2', '--of', first);
  assert.is(back.status, 0, back.stderr);
  assertTakenBack(folder);
  const resumed = fanopsIn(folder, 'resume', first);
  assert.is(resumed.status, 1, resumed.stderr);
  assert.match(resumed.stderr, `the run ${first} was taken back by `);
});

test('behind a point of no return nothing is taken back, also where that step was begun by a later run', ({
  folder,
}) => {
  const step = '  - step: Go for good\n    hosts: db1\n    point_of_no_return: true\n    tasks:\n';
  const task = '      - command: { argv: [touch, "{{base}}/gone"] }\n';
  writeFileSync(join(folder, 'move.yml'), RUNBOOK + step + task);
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes', '--until', '2').status, 6);
  const [first = ''] = runIds(folder);
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes', '--from', '3').status, 0);
  for (const more of [[], ['--of', first]]) {
    const refused = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2', ...more);
    assert.is(refused.status, 1, refused.stderr);
    assert.match(
      refused.stderr,
      /the point of no return is behind: the run \S+ has begun step 3 \(Go for good\)/,
    );
  }
  assert.not.ok(existsSync(join(folder, 'begun')));
  writeFileSync(join(folder, 'move.yml'), `${RUNBOOK}${step}${task}    undo: []\n`);
  const back = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2', '--of', first);
  assert.is(back.status, 0, back.stderr);
  assertTakenBack(folder);
});

test('a run that was refused before it did anything is passed over', ({ folder }) => {
  const guard = '    guard:\n      - that: state.stdout != "after"\n        msg: begin anew\n';
  writeFileSync(join(folder, 'move.yml'), RUNBOOK.replace('    tasks:\n', `${guard}    tasks:\n`));
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes').status, 0);
  const [first = ''] = runIds(folder);
  writeFileSync(join(folder, 'state'), 'after\n');
  assert.is(fanopsIn(folder, 'run', 'move.yml', '--yes').status, 5);
  const back = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2');
  assert.is(back.status, 0, back.stderr);
  assert.match(back.stderr, `taking back the run ${first}`);
  assertTakenBack(folder);
});

test('what nobody has found out is said before anything is done', ({ folder }) => {
  const refused = fanopsIn(folder, 'run', 'move.yml', '--yes', '--undo', '2');
  assert.is(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, 'taking back step 2 (Move) reads `state`, which no run of it has found out');
  assert.not.ok(existsSync(join(folder, 'begun')));
  const alone = fanopsIn(folder, 'run', 'move.yml', '--yes', '--of', 'last');
  assert.match(alone.stderr, '--of names the run to take back, and nothing is taken back');
});

test.run();
