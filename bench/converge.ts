// Measures how long it takes to bring the hosts of the lab to sixty resources, and to find them so: by fanops, by
// Ansible, and by one script written by hand over plain ssh, in turns, through proxies that delay.
//   node bench/converge.ts [--runs=3] [--rtt=0,20,100] [--only=fanops,script]
// The lab that FANOPS_LAB_* names must be up, in its full layer; ansible-core must be installed. Prints medians as a
// table, and their ratios. A run that does not change what it has to, or leaves another state than the others, ends it.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { sshArguments } from '../src/lab/readiness.ts';
import { resolveSettings } from '../src/lab/state.ts';
import { CONTESTANTS } from './converge/contestants.ts';
import { openNetwork } from './converge/network.ts';
import { run } from './converge/program.ts';
import { DIGEST, RESET, TO_CHANGE } from './converge/sixty.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    rtt: { type: 'string', default: '0,20,100' },
    only: { type: 'string', default: Object.keys(CONTESTANTS).join() },
  },
});
const names = values.only.split(',');
const rtts = values.rtt.split(',').map(Number);
const settings = resolveSettings({}, process.env);
const folder = mkdtempSync(join(tmpdir(), 'fanops-converge-'));
/** Seconds, by contestant, round trip and kind of run. */
const taken = new Map<string, number[]>();
/** Digests of what was left behind: there must be only one. */
const states = new Set<string>();

try {
  await prepare();
  for (let turn = 1; turn <= Number(values.runs); turn += 1)
    for (const rtt of rtts) for (const name of names) await measure(name, rtt, turn);
  console.log(table());
} finally {
  await onHosts(RESET);
  rmSync(folder, { recursive: true });
}

/** What Ansible needs on the hosts to ask for packages, which the others do not. */
async function prepare(): Promise<void> {
  const python =
    'python3 -c "import apt" 2>/dev/null || { apt-get update -q && apt-get install -qy python3-apt; }';
  if (names.includes('ansible')) await onHosts(python);
}

async function measure(name: string, rtt: number, turn: number): Promise<void> {
  await onHosts(RESET);
  const first = await time(name, rtt, TO_CHANGE);
  const again = await time(name, rtt, 0);
  for (const state of await onHosts(DIGEST)) states.add(state);
  if (states.size > 1)
    throw new Error(`${name} left another state than the others, or not the same on all hosts`);
  keep(`${name} ${rtt} first`, first);
  keep(`${name} ${rtt} again`, again);
  console.log(
    `${turn}: ${name}, round trip ${rtt} ms: first ${first.toFixed(2)} s, again ${again.toFixed(2)} s`,
  );
}

async function time(name: string, rtt: number, expected: number): Promise<number> {
  const contestant = CONTESTANTS[name];
  if (!contestant) throw new Error(`expected one of ${Object.keys(CONTESTANTS).join(', ')}, found ${name}`);
  const network = await openNetwork(settings, rtt, folder);
  try {
    const began = performance.now();
    const changed = await contestant(network, folder);
    const seconds = (performance.now() - began) / 1000;
    if (changed.length !== settings.hosts.length || changed.some((n) => n !== expected))
      throw new Error(`${name} changed ${changed.join(', ')}; expected ${expected} on every host`);
    return seconds;
  } finally {
    await network.close();
  }
}

function onHosts(script: string): Promise<string[]> {
  return Promise.all(
    settings.hosts.map((host) => run(['ssh', ...sshArguments(settings, host), 'sh -s'], { input: script })),
  );
}

function keep(key: string, seconds: number): void {
  taken.set(key, [...(taken.get(key) ?? []), seconds]);
}

function median(key: string): number {
  const sorted = [...(taken.get(key) ?? [])].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function table(): string {
  const [load = 0] = loadavg();
  const head = [
    'run',
    'round trip',
    ...names.map((name) => `${name}, s`),
    ...others().map((n) => `${n} / fanops`),
  ];
  const rows = ['first', 'again'].flatMap((kind) =>
    rtts.map((rtt) => {
      const seconds = (name: string) => median(`${name} ${rtt} ${kind}`);
      return [
        kind,
        `${rtt} ms`,
        ...names.map((name) => seconds(name).toFixed(2)),
        ...others().map((name) => (seconds(name) / seconds('fanops')).toFixed(1)),
      ];
    }),
  );
  return [
    `${settings.hosts.length} hosts and fanops on ${cpus().length} cores (load ${load.toFixed(1)}), ${process.version}, medians of ${values.runs}`,
    '',
    ...[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}

function others(): string[] {
  return names.includes('fanops') ? names.filter((name) => name !== 'fanops') : [];
}
