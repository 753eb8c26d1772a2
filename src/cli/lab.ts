import { parseArgs } from 'node:util';
import { InputError, mistake } from '../core/diagnostic.ts';
import { examine } from '../lab/doctor.ts';
import { bringDown, purge } from '../lab/down.ts';
import { LabFailure } from '../lab/failure.ts';
import { type Lab, openLab } from '../lab/lab.ts';
import { sshArguments } from '../lab/readiness.ts';
import type { Layer } from '../lab/recipe.ts';
import { killHosts, resetHosts, startHosts, stopHosts } from '../lab/reset.ts';
import { hostNamed, type LabHost, SETTINGS, type WrittenSettings } from '../lab/settings.ts';
import { restoreSnapshot, takeSnapshot } from '../lab/snapshot.ts';
import { sshTo } from '../lab/ssh.ts';
import { resolveSettings } from '../lab/state.ts';
import { statusOf } from '../lab/status.ts';
import { bringUp } from '../lab/up.ts';

interface Given {
  readonly words: readonly string[];
  readonly flags: { readonly [name: string]: string | boolean | undefined };
}

interface LabCommand {
  readonly usage: string;
  readonly meaning: string;
  /** How many words may follow. */
  readonly words: readonly [least: number, most: number];
  readonly flags: readonly string[];
  run(lab: Lab, given: Given): Promise<number>;
}

const COMMANDS: { readonly [name: string]: LabCommand } = {
  up: {
    usage: 'up [--bare]',
    meaning: 'boot the hosts; --bare: with nothing but sshd',
    words: [0, 0],
    flags: ['bare', 'full'],
    async run(lab, given) {
      await bringUp(lab, layerOf(given) ?? 'full');
      return showHosts(lab);
    },
  },
  down: {
    usage: 'down [--purge]',
    meaning: 'stop everything, keep the disks; --purge: remove disks and caches too',
    words: [0, 0],
    flags: ['purge'],
    async run(lab, given) {
      await bringDown(lab);
      if (given.flags.purge === true) await purge(lab);
      return 0;
    },
  },
  status: {
    usage: 'status [--json]',
    meaning: 'what runs, and what it takes',
    words: [0, 0],
    flags: ['json'],
    run: (lab, given) => showStatus(lab, given.flags.json === true),
  },
  ssh: {
    usage: 'ssh HOST [COMMAND...]',
    meaning: "root's shell on a host, or one command",
    words: [1, Number.POSITIVE_INFINITY],
    flags: [],
    run: (lab, { words: [name = '', ...command] }) =>
      sshTo(lab.settings, hostNamed(lab.settings, name), command),
  },
  reset: {
    usage: 'reset [--bare|--full] [HOST...]',
    meaning: 'pristine hosts, in seconds',
    words: [0, Number.POSITIVE_INFINITY],
    flags: ['bare', 'full'],
    run: (lab, given) => done(resetHosts(lab, hostsOf(lab, given), layerOf(given))),
  },
  kill: {
    usage: 'kill HOST...',
    meaning: 'pull the plug',
    words: [1, Number.POSITIVE_INFINITY],
    flags: [],
    run: (lab, given) => done(killHosts(lab, hostsOf(lab, given))),
  },
  stop: {
    usage: 'stop HOST...',
    meaning: 'shut down in order',
    words: [1, Number.POSITIVE_INFINITY],
    flags: [],
    run: (lab, given) => done(stopHosts(lab, hostsOf(lab, given))),
  },
  start: {
    usage: 'start HOST...',
    meaning: 'boot a host that was killed or shut down',
    words: [1, Number.POSITIVE_INFINITY],
    flags: [],
    run: (lab, given) => done(startHosts(lab, hostsOf(lab, given))),
  },
  snapshot: {
    usage: 'snapshot [NAME]',
    meaning: 'keep all disks as they are now (NAME: default)',
    words: [0, 1],
    flags: [],
    run: (lab, given) => done(takeSnapshot(lab, given.words[0] ?? 'default')),
  },
  restore: {
    usage: 'restore [NAME]',
    meaning: 'put the disks of a snapshot back and boot',
    words: [0, 1],
    flags: [],
    run: (lab, given) => done(restoreSnapshot(lab, given.words[0] ?? 'default')),
  },
};

/** `fanops lab …`: returns the exit code (0 done, 1 mistake in the arguments, 3 failed). */
export async function lab(argv: string[]): Promise<number> {
  try {
    return await dispatch(argv);
  } catch (error) {
    if (!(error instanceof InputError) && !(error instanceof LabFailure)) throw error;
    process.stderr.write(`lab: ${error.message.replaceAll('\n', '\n     ')}\n`);
    return error instanceof InputError ? 1 : 3;
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--help' || name === '-h' || name === 'help') return print(help());
  if (name === 'doctor') return diagnose(rest);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command)
    throw mistake(
      `expected one of ${[...Object.keys(COMMANDS), 'doctor'].join(', ')}, found "${name}"; see "fanops lab --help"`,
    );
  const given = read(rest, command.flags, name === 'ssh');
  if (given.flags.help === true) return print(help());
  if (given.words.length < command.words[0] || given.words.length > command.words[1])
    throw mistake(
      `expected "fanops lab ${command.usage}", found ${given.words.length} words after "${name}"`,
    );
  return command.run(openLab(settingsOf(given), say), given);
}

/** Flags and words; for `ssh`, flags end at the host, and the rest belongs to its command. */
function read(argv: readonly string[], flags: readonly string[], untilHost: boolean): Given {
  const own = untilHost ? argv.findIndex((word, i) => !word.startsWith('-') && !takesValue(argv[i - 1])) : -1;
  const [head, tail] = own < 0 ? [argv, []] : [argv.slice(0, own), argv.slice(own)];
  try {
    const parsed = parseArgs({
      args: [...head],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }])),
        ...Object.fromEntries(SETTINGS.map(({ flag }) => [flag.slice(2), { type: 'string' as const }])),
      },
    });
    return { words: [...parsed.positionals, ...tail], flags: parsed.values };
  } catch (error) {
    throw mistake(error instanceof Error ? error.message : String(error));
  }
}

function takesValue(word: string | undefined): boolean {
  return SETTINGS.some(({ flag }) => flag === word);
}

function settingsOf(given: Given) {
  const written: WrittenSettings = Object.fromEntries(
    SETTINGS.flatMap(({ key, flag }) => {
      const value = given.flags[flag.slice(2)];
      return typeof value === 'string' ? [[key, value]] : [];
    }),
  );
  return resolveSettings(written, process.env);
}

function layerOf(given: Given): Layer | undefined {
  const { bare, full } = given.flags;
  if (bare && full) throw mistake('expected --bare or --full, found both');
  return bare ? 'bare' : full ? 'full' : undefined;
}

function hostsOf(lab: Lab, given: Given): readonly LabHost[] {
  const names = [...new Set(given.words)];
  return names.length === 0 ? lab.settings.hosts : names.map((name) => hostNamed(lab.settings, name));
}

async function diagnose(argv: readonly string[]): Promise<number> {
  const given = read(argv, [], false);
  if (given.words.length > 0)
    throw mistake(`expected "fanops lab doctor", found "${given.words.join(' ')}" after it`);
  const findings = await examine(settingsOf(given));
  for (const { verdict, text } of findings) print(`${verdict.padEnd(5)}${text}`);
  return findings.some(({ verdict }) => verdict === 'bad') ? 3 : 0;
}

function showHosts(lab: Lab): number {
  const { settings } = lab;
  for (const host of settings.hosts) print(`${host.name}  ${host.address}`);
  const [first] = settings.hosts;
  if (first) say(`try "fanops lab ssh ${first.name}", or: ssh ${sshArguments(settings, first).join(' ')}`);
  return 0;
}

async function showStatus(lab: Lab, json: boolean): Promise<number> {
  const status = await statusOf(lab);
  if (json) return print(JSON.stringify({ version: 1, ...status }));
  print(`layer: ${status.layer ?? 'none: never up'}; ${status.cgroups}`);
  for (const host of status.hosts)
    print(`${host.name}  ${host.address}  ${host.state}  memory ${host.memoryMb} MB  disk ${host.diskMb} MB`);
  return print(`snapshots: ${status.snapshots.join(', ') || 'none'}`);
}

function help(): string {
  const commands = Object.values(COMMANDS).map(({ usage, meaning }) => `  ${usage.padEnd(33)}${meaning}`);
  const settings = SETTINGS.map(
    ({ flag, variable, fallback, meaning }) =>
      `  ${flag.padEnd(11)} ${variable.padEnd(22)}${meaning} (${fallback})`,
  );
  return [
    'fanops lab: three real Debian 12 hosts on this machine',
    '',
    'usage: fanops lab COMMAND [SETTING...]',
    '',
    ...commands,
    `  ${'doctor'.padEnd(33)}what this machine can and cannot do`,
    '',
    'settings, each as a flag or a variable; "up" keeps them for the commands after it:',
    ...settings,
  ].join('\n');
}

async function done(work: Promise<void>): Promise<number> {
  await work;
  return 0;
}

function say(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}
