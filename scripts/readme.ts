// Runs README.md: every block ```sh run, in order, as it stands, from the root of the project. Where a block
// ```text output follows, the end of what was printed must be just that. Blocks ```sh are for reading only.
// The last line is `N passed, N failed`; commands that end with such a line themselves are added up.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
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

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function main(): Promise<void> {
  const counts: Counts[] = [];
  for (const step of steps(readFileSync('README.md', 'utf8'))) counts.push(await run(step));
  const passed = counts.reduce((all, { passed: n }) => all + n, 0);
  const failed = counts.reduce((all, { failed: n }) => all + n, 0) + (counts.length === 0 ? 1 : 0);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function run(step: Step): Promise<Counts> {
  console.log(`\n$ ${step.command}`);
  const began = performance.now();
  const { status, printed } = await execute(step.command);
  console.log(`README.md:${step.line}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (status !== 0) console.log(`README.md:${step.line}: expected exit status 0, found ${status}`);
  const same = step.output === undefined || comparable(printed).endsWith(comparable(step.output));
  if (!same) console.log(`README.md:${step.line}: expected this at the end:\n${step.output}`);
  return count(printed, status === 0 && same);
}

/** Runs a command line of bash, showing what it prints as it comes. */
function execute(command: string): Promise<{ status: number | null; printed: string }> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', `exec 2>&1; ${command}`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      process.stdout.write(chunk);
    });
    // What a command leaves running (the lab) may hold the pipe open: it gets a moment after the command's end.
    child.on('exit', (status) => {
      const finish = () => {
        child.stdout.destroy();
        resolve({ status, printed: Buffer.concat(chunks).toString() });
      };
      const patience = setTimeout(finish, 3000);
      child.on('close', () => {
        clearTimeout(patience);
        finish();
      });
    });
  });
}

/** Counts of its own, when the command's last line has them; else the command counts as one. */
function count(printed: string, good: boolean): Counts {
  const own = /^(\d+) passed, (\d+) failed$/.exec(printed.trimEnd().split('\n').at(-1) ?? '');
  if (own === null) return good ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const failed = Number(own[2]);
  return { passed: Number(own[1]), failed: good || failed > 0 ? failed : 1 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
