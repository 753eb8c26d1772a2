import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import about from '../../package.json' with { type: 'json' };
import { mistake } from '../core/diagnostic.ts';
import type { JournalEntry, RunStarted } from '../core/journal.ts';
import type { Masker } from '../core/masker.ts';
import type { LeaseOptions } from '../engine/leases.ts';
import { cleanEntry } from '../journal/clean-entry.ts';
import { newJournal, type OpenJournal, type Writing } from '../journal/directory-journal.ts';
import { milliseconds } from '../resources/parts/duration.ts';
import { type Args, allOf, lastOf } from './args.ts';
import type { Project } from './project.ts';
import { who } from './who.ts';
import { withoutSecret } from './without-secret.ts';

/** Where a run is recorded, and in whose name it holds hosts. */
export interface Recording {
  readonly journal: OpenJournal;
  readonly lease: LeaseOptions;
}

/** A new run of the project, by this command. */
export function newRecording(
  args: Args,
  project: Project,
  name: RunStarted['command']['name'],
  runId: string,
  masker: Masker,
  takesBack?: readonly string[],
): Recording {
  const started = { ...startedBy(args, project, name), ...(takesBack && { takesBack }) };
  const journal = newJournal(
    join(project.settings.runs, runId),
    started,
    writing(() => masker),
  );
  return { journal, lease: leaseOptions(args, started) };
}

/** The masker comes later than the journal where a run is taken up. */
export function writing(masker: () => Masker): Writing {
  return {
    now: () => new Date(),
    clean: (entry: JournalEntry) => cleanEntry(entry, (text) => masker().mask(text)),
  };
}

export function leaseOptions(args: Args, { command, playbook }: RunStarted): LeaseOptions {
  return { who: who(), message: `${command.name} ${playbook}`, waitMs: waitOf(lastOf(args, 'lock-wait')) };
}

function waitOf(written: string | undefined): number {
  if (written === undefined) return 0;
  try {
    return milliseconds(written);
  } catch (error) {
    throw mistake(`--lock-wait: ${(error as Error).message}`);
  }
}

function startedBy(args: Args, project: Project, name: RunStarted['command']['name']): RunStarted {
  const { playbook, inventory, settings, files } = project;
  const limit = lastOf(args, 'limit');
  const commit = commitOf(process.cwd());
  return {
    type: 'run-started',
    fanops: about.version,
    command: { name, cwd: process.cwd(), argv: argvOf(args, settings.inventory) },
    playbook: playbook.file,
    sources: files.digests(),
    ...(commit ? { commit } : {}),
    ...(limit === undefined ? {} : { limit }),
    tags: allOf(args, 'tags'),
    skipTags: allOf(args, 'skip-tags'),
    who: who(),
    hosts: inventory.hosts.map((host) => host.name),
  };
}

/** That the person at this keyboard takes the run up. */
export function resumedBy(): JournalEntry {
  return { type: 'run-resumed', fanops: about.version, who: who() };
}

/** The command line as it can be read again; the inventory is named though it came from the settings. */
function argvOf({ positionals, given }: Args, inventory: string | undefined): string[] {
  const options = [...given].flatMap(([name, values]) =>
    values.map((value) => {
      if (value === '') return `--${name}`;
      return `--${name}=${name === 'extra-vars' ? withoutSecret(value) : value}`;
    }),
  );
  const named = given.has('inventory') || inventory === undefined ? [] : [`--inventory=${inventory}`];
  return [...options, ...named, '--', ...positionals];
}

/** The commit of the folder's repository, where it has one and git is there to ask. */
function commitOf(cwd: string): RunStarted['commit'] {
  const git = (...words: string[]) => spawnSync('git', words, { cwd, encoding: 'utf8' });
  const head = git('rev-parse', 'HEAD');
  if (head.status !== 0) return undefined;
  return {
    id: head.stdout.trim(),
    dirty: git('status', '--porcelain', '--untracked-files=no').stdout !== '',
  };
}
