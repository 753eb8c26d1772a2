import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const CASES: readonly [title: string, command: string, last: string, status: number][] = [
  ['a command that succeeds counts as one', 'true', '1 passed, 0 failed', 0],
  ['a command that fails counts as one', 'false', '0 passed, 1 failed', 1],
  ['what a command counts itself is added up', 'echo 5 passed, 0 failed', '5 passed, 0 failed', 0],
  [
    'failures that a command counts are added up',
    'sh -c "echo 5 passed, 2 failed; exit 1"',
    '5 passed, 2 failed',
    1,
  ],
  [
    'a bad end is a failure though none was counted',
    'sh -c "echo 5 passed, 0 failed; exit 1"',
    '5 passed, 1 failed',
    1,
  ],
  ['only the last line counts', 'sh -c "echo 5 passed, 0 failed; echo and more"', '1 passed, 0 failed', 0],
  ['a command cannot read what is not meant for it', 'sh -c "! grep -q ."', '1 passed, 0 failed', 0],
];

for (const [title, command, last, status] of CASES)
  test(title, () => {
    const ended = run(`section 'it' ${command}; summary`);
    assert.is(lastLine(ended.stdout), last);
    assert.is(ended.status, status);
  });

test('a failing section does not stop the ones after it', () => {
  const { stdout } = run("section 'a' false; section 'b' echo 3 passed, 0 failed; section 'c' true; summary");
  assert.is(lastLine(stdout), '4 passed, 1 failed');
  for (const name of ['a', 'b', 'c']) assert.match(stdout, new RegExp(`^=== ${name}$`, 'm'));
});

test('output of a section comes before its end is announced', () => {
  const { stdout } = run(`section 'it' sh -c "seq 20000"; summary`);
  assert.ok(stdout.indexOf('\n20000\n') < stdout.indexOf('\n--- it: '));
});

test('a process that a command leaves behind holds nothing up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-sections-'));
  // It would be waited for in vain: it ends when the folder goes.
  const left = `while [ -e ${folder} ]; do sleep 0.1; done & echo 2 passed, 0 failed`;
  const { stdout } = run(`section 'it' sh -c '${left}'; summary; rmdir ${folder}`);
  assert.is(lastLine(stdout), '2 passed, 0 failed');
});

function run(script: string): { stdout: string; status: number | null } {
  return spawnSync('bash', ['-c', `set -uo pipefail; . scripts/sections.sh; ${script}`], {
    encoding: 'utf8',
    input: 'not for the sections\n',
  });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}

test.run();
