// Runs README.md: every block ```sh run, in order, as it stands, from the root of the project. Where a block
// ```text output follows, the end of what was printed must be just that. Blocks ```sh are for reading only.
// The last line is `N passed, N failed`; commands that end with such a line themselves are added up.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** One command line of the README that is run, and what it must print. */
export interface Step {
  readonly line: number;
  readonly command: string;
  readonly output?: string;
}

/** The commands of a Markdown text that are marked as run. */
export function steps(markdown: string): Step[] {
  const found: { line: number; command: string; output?: string }[] = [];
  for (const { info, body, line } of blocks(markdown)) {
    if (info === 'sh run') found.push({ line, command: body });
    const last = found.at(-1);
    if (info === 'text output' && last !== undefined) last.output = body;
  }
  return found;
}

/** The fenced blocks of a Markdown text, with the line where each begins. */
export function blocks(markdown: string): { info: string; body: string; line: number }[] {
  return [...markdown.matchAll(/^```(.+)\n([\s\S]*?)\n```$/gm)].map((match) => ({
    info: match[1] ?? '',
    body: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length,
  }));
}

/** What may differ from run to run: durations, and the spaces at the end of lines. */
export function comparable(output: string): string {
  return stripVTControlCharacters(output)
    .replace(/\b\d+(?:\.\d+)? ?(?:ms|s)\b/g, 'N s')
    .replace(/[ \t]+$/gm, '')
    .trim();
}

function run(step: Step): { passed: number; failed: number } {
  console.log(`\n$ ${step.command}`);
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1; ${step.command}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  if (status !== 0) console.log(`README.md:${step.line}: expected exit status 0, found ${status}`);
  const same = step.output === undefined || comparable(stdout).endsWith(comparable(step.output));
  if (!same) console.log(`README.md:${step.line}: expected this at the end:\n${step.output}`);
  const counts = /^(\d+) passed, (\d+) failed$/.exec(stdout.trimEnd().split('\n').at(-1) ?? '');
  const failed = Number(counts?.[2] ?? 0);
  return {
    passed: Number(counts?.[1] ?? (status === 0 && same ? 1 : 0)),
    failed: (status === 0 && same) || failed > 0 ? failed : 1,
  };
}

function main(): void {
  const results = steps(readFileSync('README.md', 'utf8')).map(run);
  const passed = results.reduce((all, { passed: n }) => all + n, 0);
  const failed = results.reduce((all, { failed: n }) => all + n, 0) + (results.length === 0 ? 1 : 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
