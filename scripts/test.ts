// Runs files of tests, each in a process of its own: node scripts/test.ts [OPTION...] [FILE|FOLDER...]
//   --lab            the tests against real servers (*.lab.ts), else *.test.ts; two at a time, but for those that share the lab (test/lab)
//   --timeout=SEC    for one file; 600 s, with --lab 1500 s
// Prints failures in full; the last line is `N passed, N failed`, and the exit status says the same.
import { globSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type FileResult, runFile } from './test-file.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { lab: { type: 'boolean', default: false }, timeout: { type: 'string' } },
});
const lab = values.lab;
const timeoutMs = 1000 * Number(values.timeout ?? (lab ? 1500 : 600));
const files = find(positionals.length > 0 ? positionals : ['test'], lab ? '.lab.ts' : '.test.ts');
const { shared = [], apart = [] } = Object.groupBy(files, (file) => (usesTheLab(file) ? 'shared' : 'apart'));
const results = [...(await runAll(shared, 1)), ...(await runAll(apart, 2))];
const passed = sum(results.map((r) => r.passed));
const failed = sum(results.map((r) => r.failed));
if (files.length === 0)
  console.log(`no ${lab ? '*.lab.ts' : '*.test.ts'} in ${positionals.join(' ') || 'test'}`);
console.log(`${passed} passed, ${files.length === 0 ? 1 : failed} failed`);
process.exitCode = failed > 0 || files.length === 0 ? 1 : 0;

function find(places: readonly string[], suffix: string): string[] {
  const found = places.flatMap((place) =>
    statSync(place).isDirectory() ? globSync(`${place}/**/*${suffix}`) : [place],
  );
  return [...new Set(found)].sort();
}

function usesTheLab(file: string): boolean {
  return lab && /(^|\/)test\/lab\//.test(file);
}

async function runAll(all: readonly string[], atATime: number): Promise<FileResult[]> {
  const done: FileResult[] = [];
  const waiting = all.values();
  await Promise.all(Array.from({ length: atATime }, () => takeTurns(waiting, done)));
  return done;
}

async function takeTurns(waiting: IterableIterator<string>, done: FileResult[]): Promise<void> {
  for (const file of waiting) {
    const result = await runFile(file, timeoutMs);
    show(result);
    done.push(result);
  }
}

function show(result: FileResult): void {
  const counts =
    result.failed === 0 ? `${result.passed} passed` : `${result.passed} passed, ${result.failed} FAILED`;
  console.log(
    `${result.failed === 0 ? 'ok  ' : 'FAIL'} ${result.file}  ${counts}  ${result.seconds.toFixed(1)} s`,
  );
  if (result.failed === 0) return;
  console.log(result.output.trimEnd());
  if (result.reason !== undefined) console.log(`  ${result.file}: ${result.reason}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
