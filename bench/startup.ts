// Measures how long `fanops --help` takes beside `node -e 0`, in turns, so that both see the same machine:
//   node bench/startup.ts [--runs=N] [--limit=MS]
// Prints medians, their ratio and difference; with --limit, ends with 1 when the difference is above it.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '21' }, limit: { type: 'string' } },
});
const fanops = ['bin/fanops', '--help'];
const bare = [process.execPath, '-e', '0'];
const times = measure([fanops, bare], Number(values.runs));
report(times.map(median), values.limit === undefined ? undefined : Number(values.limit));

/** Milliseconds of every run of every command; the first turn only warms the caches. */
function measure(commands: readonly string[][], runs: number): number[][] {
  const taken: number[][] = commands.map(() => []);
  for (let run = 0; run <= runs; run += 1)
    for (const [index, command] of commands.entries()) {
      const ms = time(command);
      if (run > 0) taken[index]?.push(ms);
    }
  return taken;
}

function time([program = '', ...args]: readonly string[]): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${status}\n${stderr}`);
  return performance.now() - began;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function report([ours = 0, bareNode = 0]: readonly number[], limit: number | undefined): void {
  const difference = ours - bareNode;
  console.log(`node ${process.version}, ${cpus().length} cores, medians of ${values.runs} runs in turns`);
  console.log(`fanops --help  ${ours.toFixed(0)} ms`);
  console.log(`node -e 0      ${bareNode.toFixed(0)} ms`);
  console.log(`ratio ${(ours / bareNode).toFixed(2)}, difference ${difference.toFixed(0)} ms`);
  if (limit === undefined) return;
  const held = difference <= limit;
  console.log(`${held ? 'within' : 'ABOVE'} the limit of ${limit} ms`);
  process.exitCode = held ? 0 : 1;
}
