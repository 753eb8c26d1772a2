import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

/** A runbook beside a person: the whole program on a terminal of its own, made by script(1). */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

const RUNBOOK = `runbook: Show
objectives: { rto: 5m }
steps:
  - step: Do
    hosts: db1
    tasks: [{name: Slow, command: {argv: [sh, -c, "sleep 1; echo worked"]}}]
    undo: [{command: {argv: ["true"]}}]
  - step: Wait
    hosts: db1
    tasks: [{file: {path: "{{base}}/x", content: x}}]
    verify: { look: [{stat: {path: "{{base}}/never"}, register: never}], that: never.exists, within: 3s, every: 500ms }
  - step: After
    hosts: db1
    tasks: [{file: {path: "{{base}}/y", content: y}}]
`;

const test = suite<{ folder: string }>('a runbook on a terminal', { folder: '' });

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'fanops-terminal-'));
  const { folder } = context;
  const db1 = `{ansible_connection: local, fanops_state_dir: ${folder}/lib, fanops_run_dir: ${folder}/run}`;
  writeFileSync(join(folder, 'fanops.yml'), 'inventory: hosts.yml\n');
  writeFileSync(join(folder, 'hosts.yml'), `all: {hosts: {db1: ${db1}}, vars: {base: "${folder}"}}\n`);
  writeFileSync(join(folder, 'show.yml'), RUNBOOK);
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** Runs it and answers each question in turn; what the terminal was sent, without what moves its cursor. */
async function typed(folder: string, answers: readonly string[]): Promise<{ status: number; text: string }> {
  const line = `stty cols 150 rows 40; exec "${BIN}" run show.yml --step`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let text = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const asked = text.split('Type "yes": ').length - 1;
    for (; answered < asked; answered += 1) child.stdin.write(`${answers[answered] ?? 'no'}\r`);
  });
  const [status] = await closed;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what moves the cursor begins with one
  return { status, text: text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '') };
}

test('it says where it is, against the objective, what comes next, and what verify sees', async ({
  folder,
}) => {
  const { status, text } = await typed(folder, ['yes', 'yes', 'yes']);
  assert.is(status, 10, text);
  assert.match(text, /step 1 of 3: Do · [\d.]+ s of 5 min 00 s \(RTO\) · next: Wait\n/);
  assert.match(text, /step 2 of 3: Wait · [\d.]+ s of 5 min 00 s \(RTO\) · next: After\n/);
  assert.match(text, /waiting: never\.exists is false, want never\.exists, \d of 3 s/);
  assert.match(
    text,
    /STOPPED at step 2: Wait \(timed out\)[\s\S]*done: {7}1\. Do\nin part: {4}2\. Wait\nnot done: {3}3\. After\n/,
  );
  assert.match(text, 'to go back: there is no way: step 2 (Wait) has none (`undo`)');
});

test('--step asks before each step, and what is not answered with yes is not begun', async ({ folder }) => {
  const { status, text } = await typed(folder, ['yes', 'yes', 'no']);
  assert.is(status, 6, text);
  assert.match(text, 'Do step 2 (Wait)? Type "yes": no');
  assert.match(text, /STOPPED at step 2[\s\S]*done: {7}1\. Do\nnot done: {3}2\. Wait, 3\. After\n/);
  assert.match(text, /to go back: fanops run show\.yml --undo 1 --of /);
});

test.run();
