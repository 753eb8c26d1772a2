import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocks, comparable, steps } from '../../scripts/readme.ts';
import { exitCode } from '../../src/cli/exit-code.ts';
import type { Outcome } from '../../src/core/outcome.ts';

const readme = readFileSync('README.md', 'utf8');
const pages = tracked('*.md');

test('every link between pages leads to a file', () => {
  const broken = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((target) => !existsSync(join(dirname(page), target)))
      .map((target) => `${page} links to ${target}, which is not there`),
  );
  assert.equal(broken, []);
});

test('files shown in the README are shown as they are', () => {
  const shown = blocks(readme).filter(({ info }) => /^\w+ \S+\.\w+$/.test(info));
  assert.ok(shown.length > 0);
  for (const { info, body } of shown)
    assert.is(body, readFileSync(info.split(' ')[1] ?? '', 'utf8').trimEnd(), info);
});

test('the README shows how to run the demo and all tests, one command each', () => {
  const commands = steps(readme).map(({ command }) => command);
  assert.ok(commands.includes('bash scripts/demo.sh'));
  assert.ok(commands.includes('bash scripts/test-all.sh'));
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const page of pages)
    for (const match of readFileSync(page, 'utf8').matchAll(/`npm (?:run )?(?!ci\b)([\w:]+)[^`]*`/g))
      assert.ok((match[1] ?? '') in scripts, `${page}: ${match[0]}`);
});

test('every fanops command that the README names is in the help', () => {
  const overview = spawnSync('bin/fanops', ['--help'], { encoding: 'utf8' }).stdout;
  const named = [...readme.matchAll(/`(?:bin\/)?fanops ([a-z]+) /g)].map((match) => match[1] ?? '');
  assert.ok(named.length > 3);
  assert.equal(
    named.filter((name) => !new RegExp(`^ +${name}\\b`, 'm').test(overview)),
    [],
  );
});

test('the exit codes in the README are those of the command line', () => {
  const told: readonly [code: number, outcome: Outcome, word: RegExp][] = [
    [0, 'done', /done/],
    [1, 'mistake', /mistake/],
    [2, 'changes-pending', /pending/],
    [3, 'failed', /failed/],
    [4, 'unreachable', /could not be reached/],
    [5, 'guarded', /guard/],
    [6, 'stopped', /stopped/],
    [7, 'in-doubt', /in doubt/],
    [8, 'stale', /differ from the plan/],
    [9, 'leased', /another run/],
    [10, 'timed-out', /timed out/],
    [70, 'bug', /bug/],
    [130, 'interrupted', /interrupted/],
  ];
  for (const [code, outcome, word] of told) {
    assert.is(exitCode(outcome), code);
    assert.match(new RegExp(`^\\| ${code} +\\| (.*) +\\|$`, 'm').exec(readme)?.[1] ?? '', word);
  }
});

test('nothing names a directory of somebody’s own machine', () => {
  const named = tracked('*').filter(
    (file) => !file.startsWith('test/house/') && /\/work\/(?:main|shared)|\/home\/\w+\//.test(read(file)),
  );
  assert.equal(named, []);
});

test('commands and expected output are read from a page', () => {
  const page = 'x\n\n```sh run\na\n```\n\n```text output\nb\n```\n\n```sh\nc\n```\n\n```sh run\nd\n```\n';
  assert.equal(steps(page), [
    { line: 3, command: 'a', output: 'b' },
    { line: 15, command: 'd' },
  ]);
});

test('durations and colours do not count when output is compared', () => {
  assert.is(comparable('\u001b[32mok\u001b[0m in 1.25 s  \n'), 'ok in N s');
});

/** What git knows; a test that runs at the same time may lay a file of its own into the tree, and take it away. */
function tracked(pattern: string): string[] {
  return spawnSync('git', ['ls-files', pattern], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((file) => file !== '' && existsSync(file));
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

test.run();
