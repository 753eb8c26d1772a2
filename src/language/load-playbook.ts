import { basename, dirname, isAbsolute, join } from 'node:path';
import type { Play, Playbook, Task } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { checkArgumentNames } from './argument-check.ts';
import { compileTask } from './compile-task.ts';
import { ConditionRoots, resultShape } from './condition-root.ts';
import { ControllerFiles } from './controller-files.ts';
import { checkName, type Layer, valueLayer } from './definitions.ts';
import { readDocument } from './document.ts';
import type { PlayDraft, TaskDraft } from './draft.ts';
import type { Envelopes } from './envelopes.ts';
import { Includes } from './includes.ts';
import type { Loaded } from './load-inventory.ts';
import { matchSome } from './patterns.ts';
import { beforehand, hostScope, type PlayLayers } from './play-scope.ts';
import { Mistake, Problems } from './problems.ts';
import { readPlays } from './read-play.ts';
import { renderTask, type TaskContext, taskOf } from './render-task.ts';
import { addRescueNames } from './rescue-names.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { checkTags, isSelected, type Selection } from './selection.ts';
import { splitBatches } from './serial.ts';
import { DYN, mergeShapes, type Shape } from './shape.ts';
import { type Folders, NO_FOLDERS, refuseBesidePlaybook } from './variable-files.ts';

export interface LoadOptions {
  /** Path of the playbook, for messages and for finding files beside it. */
  readonly file: string;
  readonly text: string;
  readonly inventory: Loaded;
  readonly resources: readonly ResourceSchema[];
  /** Variables of the command line, stronger than all others. */
  readonly extraVars?: { readonly [name: string]: Value };
  /** Hosts to keep, as a pattern. */
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** Keeps what is encrypted in the files. */
  readonly envelopes?: Envelopes;
  /** What stands beside the playbook. */
  readonly folders?: Folders;
  /** Reads a file of the controller; relative paths count from the playbook's folder. */
  readFile(path: string): string | Buffer;
}

/** Registers known at some point of the playbook: their types, and who sets them. */
export interface Registered {
  readonly shapes: Map<string, Shape>;
  readonly by: Map<string, string>;
  /** Of the whole playbook: the task that first sets each. */
  readonly all: ReadonlyMap<string, string>;
}

/**
 * Reads a playbook and checks all that can be checked without a host: keys, arguments, conditions,
 * templates, variables, files, for every host. Throws an InputError with every mistake found.
 */
export function loadPlaybook(options: LoadOptions): Playbook {
  const { file, text, inventory: loaded } = options;
  const problems = new Problems(options.envelopes);
  for (const [source, content] of loaded.sources) problems.addSource(source, content);
  const commandLine = commandLineLayer(options, problems);
  let number = 0;
  const root = readDocument(file, text, problems);
  const drafts = readPlays(root, file, {
    inventory: loaded.inventory,
    isInventoryWhole: loaded.mistakes.length === 0,
    resources: options.resources,
    problems,
    includes: new Includes(file, options.readFile, problems),
    scopeOf: (host, { defaults, vars }, taskVars) =>
      hostScope(
        host,
        loaded,
        { defaults, vars, commandLine },
        beforehand(new Map(), new Map(), new Map(), taskVars),
      ),
    nextNumber: () => {
      number += 1;
      return number;
    },
  });
  refuseBesidePlaybook(file, loaded.inventory.file, options.folders ?? NO_FOLDERS, problems);
  problems.addErrors(loaded.mistakes);
  // Without all hosts and variables, everything that is rendered would only tell of that again.
  if (loaded.mistakes.length > 0) problems.throwIfAny();
  const filesOf = filesByFolder(options, problems);
  const kept = keptHosts(options, problems);
  const selection = { tags: options.tags ?? [], skipTags: options.skipTags ?? [] };
  problems.collect(() =>
    checkTags(
      selection,
      drafts.flatMap((play) => play.tasks),
    ),
  );
  const registered: Registered = { shapes: new Map(), by: new Map(), all: allRegisters(drafts) };
  const plays = drafts.map((draft) => {
    const hosts = draft.hosts.filter((host) => kept.has(host));
    const layers = { defaults: draft.defaults, vars: draft.vars, commandLine, hosts };
    const roots = new ConditionRoots(loaded, layers);
    const finish = (task: TaskDraft): TaskContext =>
      finishTask(task, loaded, layers, roots, filesOf(draft.folder), registered, problems);
    return finishPlay(draft, kept, selection, finish, problems);
  });
  problems.throwIfAny();
  return { file, plays, warnings: [...loaded.warnings, ...problems.warnings] };
}

/** The files of a playbook that another one imports stand beside it. */
function filesByFolder(
  { file, readFile }: LoadOptions,
  problems: Problems,
): (folder: string) => ControllerFiles {
  const known = new Map<string, ControllerFiles>();
  return (folder) => {
    const files =
      known.get(folder) ??
      new ControllerFiles(
        isAbsolute(folder) ? join(folder, basename(file)) : join(dirname(file), folder, basename(file)),
        (path) => readFile(isAbsolute(path) ? path : join(folder, path)),
        problems,
      );
    known.set(folder, files);
    return files;
  };
}

function keptHosts({ inventory, limit }: LoadOptions, problems: Problems): ReadonlySet<string> {
  const all = inventory.inventory.hosts.map((host) => host.name);
  if (limit === undefined) return new Set(all);
  return new Set(
    problems.collect(() => {
      try {
        return matchSome(limit, inventory.inventory);
      } catch (error) {
        if (!(error instanceof Mistake)) throw error;
        throw new Mistake(`--limit: ${error.message}`, undefined, error.hint);
      }
    }) ?? all,
  );
}

function commandLineLayer({ extraVars = {} }: LoadOptions, problems: Problems): Layer {
  const usable = Object.entries(extraVars).filter(([name]) =>
    checkName(name, 'variable', undefined, problems),
  );
  return valueLayer(Object.fromEntries(usable), 'command line', 'the command line');
}

export function finishPlay(
  draft: PlayDraft,
  kept: ReadonlySet<string>,
  selection: Selection,
  finish: (task: TaskDraft) => TaskContext,
  problems: Problems,
): Play {
  const contexts = (drafts: readonly TaskDraft[]): TaskContext[] => drafts.map(finish);
  const tasks = contexts(draft.tasks);
  // Handlers run after tasks: they see what every task of the play registers.
  const handlers = contexts(draft.handlers);
  for (const context of [...tasks, ...handlers]) tryOut(context, draft.hosts, problems);
  const asTasks = (all: readonly TaskContext[]): Task[] => all.map(taskOf);
  return {
    id: draft.id,
    name: draft.name,
    position: draft.position,
    batches: splitBatches(
      draft.hosts.filter((host) => kept.has(host)),
      draft.serial,
      problems,
    ),
    allHosts: draft.hosts,
    ...(draft.maxFailPercentage !== undefined && { maxFailPercentage: draft.maxFailPercentage }),
    ...(draft.ignoresUnreachable && { ignoresUnreachable: true as const }),
    ...(draft.onlyLooks && { onlyLooks: true as const }),
    tasks: asTasks(tasks.filter(({ draft: task }) => isSelected(task, selection))),
    handlers: asTasks(handlers),
  };
}

export function finishTask(
  draft: TaskDraft,
  loaded: Loaded,
  layers: PlayLayers,
  roots: ConditionRoots,
  files: ControllerFiles,
  registered: Registered,
  problems: Problems,
): TaskContext {
  checkArgumentNames(draft, problems);
  const visible = new Map(registered.by);
  const shapes = new Map(registered.shapes);
  addRescueNames(draft, visible, shapes);
  const later = new Map([...registered.all].filter(([name]) => !visible.has(name)));
  const conditions = compileTask(draft, roots, shapes, later, problems);
  keepRegister(draft, loaded, layers, registered, problems);
  return { draft, conditions, loaded, layers, files, visible, later, shapes, problems };
}

export function allRegisters(drafts: readonly PlayDraft[]): Map<string, string> {
  const all = new Map<string, string>();
  for (const task of drafts.flatMap((play) => [...play.tasks, ...play.handlers]))
    if (task.register !== undefined && !all.has(task.register)) all.set(task.register, task.name);
  return all;
}

function keepRegister(
  draft: TaskDraft,
  loaded: Loaded,
  layers: PlayLayers,
  { shapes, by }: Registered,
  problems: Problems,
): void {
  const { register } = draft;
  if (register === undefined) return;
  const variable = [
    ...Object.values(loaded.layers).flatMap(({ implied, groups, own }) => [implied, ...groups, ...own]),
    layers.defaults,
    layers.vars,
    layers.commandLine,
  ].find((layer) => layer.has(register));
  if (variable)
    problems.error(
      `\`${register}\` is the name of a variable already (${variable.get(register)?.origin})`,
      draft.registerPosition,
      `register it under another name, such as \`${register}_result\``,
    );
  const { whole } = resultShape(draft);
  const before = shapes.get(register);
  shapes.set(register, before && before !== DYN ? mergeShapes(before, whole) : whole);
  by.set(register, draft.name);
}

/** Renders a task for every host of its play as before a run, so that mistakes show before any host is touched. */
function tryOut(context: TaskContext, hosts: readonly string[], problems: Problems): void {
  const { draft, shapes, visible, later } = context;
  if (draft.isBroken) return;
  for (const host of hosts)
    renderTask(context, host, beforehand(shapes, visible, later, draft.vars), problems);
}
