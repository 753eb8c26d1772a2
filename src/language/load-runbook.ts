import type { Checks, Param, Runbook, Step, Verify } from '../core/runbook.ts';
import type { Play } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { ConditionRoots } from './condition-root.ts';
import { ControllerFiles } from './controller-files.ts';
import { type Layer, valueLayer } from './definitions.ts';
import { readDocument } from './document.ts';
import type { PlayDraft, TaskDraft } from './draft.ts';
import { Includes } from './includes.ts';
import { allRegisters, finishPlay, finishTask, type LoadOptions, type Registered } from './load-playbook.ts';
import { nearest } from './nearest.ts';
import { beforehand, hostScope, type PlayLayers } from './play-scope.ts';
import { Problems } from './problems.ts';
import { isRunbook, type Layers, type RunbookDraft, readRunbook, within } from './read-runbook.ts';
import { registersOf, wordsOf } from './register-words.ts';
import { type ChecksDraft, playsOf, type StepDraft } from './step-draft.ts';
import { NO_FOLDERS, refuseBesidePlaybook } from './variable-files.ts';

export interface RunbookOptions extends Omit<LoadOptions, 'limit' | 'tags' | 'skipTags'> {
  /** Hosts that are gone for good. */
  readonly lost?: readonly string[];
  /** Parameters need not be given: what depends on them is not known then. */
  readonly partial?: boolean;
}

/** Everything that finishing a play needs, the same for the whole runbook. */
interface Finishing {
  readonly options: RunbookOptions;
  readonly draft: RunbookDraft;
  readonly files: ControllerFiles;
  readonly commandLine: Layer;
  readonly kept: ReadonlySet<string>;
  readonly problems: Problems;
}

/** Whether a text is a runbook rather than a playbook; of a text that is neither, its reader tells. */
export function isRunbookText(file: string, text: string): boolean {
  return isRunbook(readDocument(file, text, new Problems()));
}

/** Reads a runbook and checks all that can be checked without a host. Throws an InputError with every mistake. */
export function loadRunbook(options: RunbookOptions): Runbook {
  const { file, text, inventory: loaded, lost = [], extraVars = {}, partial = false } = options;
  const problems = new Problems(options.envelopes);
  for (const [source, content] of loaded.sources) problems.addSource(source, content);
  const root = readDocument(file, text, problems);
  if (!isRunbook(root)) {
    if (problems.count === 0)
      problems.error('a runbook was expected', root?.position, 'write `runbook: NAME`');
    problems.throwIfAny();
    throw new Error(`${file} is no runbook`);
  }
  const { inventory } = loaded;
  const isInventoryWhole = loaded.mistakes.length === 0;
  const reading = {
    inventory,
    isInventoryWhole,
    resources: options.resources,
    problems,
    includes: new Includes(file, options.readFile, problems),
    given: extraVars,
    partial,
    scopeOf: (host: string, layers: Layers, params: readonly Param[], taskVars: Layer) =>
      hostScope(
        host,
        loaded,
        { ...layers, commandLine: commandLineLayer(extraVars, params), lost },
        beforehand(new Map(), new Map(), new Map(), taskVars),
      ),
  };
  const draft = readRunbook(root, reading);
  refuseBesidePlaybook(file, inventory.file, options.folders ?? NO_FOLDERS, problems);
  problems.addErrors(loaded.mistakes);
  // Without all hosts and variables, everything that is rendered would only tell of that again.
  if (loaded.mistakes.length > 0) problems.throwIfAny();
  checkGiven(draft, options, problems);
  const finishing: Finishing = {
    options,
    draft,
    files: new ControllerFiles(file, options.readFile, problems),
    commandLine: commandLineLayer(extraVars, draft.params),
    kept: new Set(inventory.hosts.map(({ name }) => name).filter((name) => !lost.includes(name))),
    problems,
  };
  const registered: Registered = { shapes: new Map(), by: new Map(), all: allRegisters(allPlays(draft)) };
  const invariants = draft.invariants.map((invariant) => ({
    ...finishChecks(invariant, registered, finishing),
    whenGoingBack: invariant.whenGoingBack,
  }));
  const steps = draft.steps.map((step) => finishStep(step, registered, finishing));
  problems.throwIfAny();
  const { name, description, params, objectives } = draft;
  const warnings = [...loaded.warnings, ...problems.warnings];
  return { file, name, description, params, objectives, invariants, steps, lost, warnings };
}

function commandLineLayer(extraVars: { readonly [name: string]: Value }, params: readonly Param[]): Layer {
  const values = { ...extraVars, ...Object.fromEntries(params.map(({ name, value }) => [name, value])) };
  return valueLayer(values, 'command line', 'the command line');
}

function allPlays({ invariants, steps }: RunbookDraft): PlayDraft[] {
  const checked = invariants.flatMap(({ look, conditions }) => (look ? [look, conditions] : [conditions]));
  return [...checked, ...steps.flatMap(playsOf)];
}

/** A name on the command line that nobody asks for is most likely a misspelt parameter. */
function checkGiven(
  draft: RunbookDraft,
  { inventory, extraVars = {} }: RunbookOptions,
  problems: Problems,
): void {
  const layers = [
    ...Object.values(inventory.layers).flatMap(({ implied, groups, own }) => [implied, ...groups, ...own]),
    draft.defaults,
    draft.vars,
    ...draft.steps.flatMap(({ body }) => [body.defaults, body.vars]),
  ];
  const params = draft.params.map(({ name }) => name);
  for (const name of Object.keys(extraVars)) {
    if (params.includes(name) || layers.some((layer) => layer.has(name))) continue;
    const near = nearest(name, params);
    const has = params.length === 0 ? 'it has no parameters' : `parameters: ${params.join(', ')}`;
    problems.error(
      `-e ${name}: the runbook has no such parameter, and there is no such variable`,
      undefined,
      near === undefined ? has : `did you mean \`${near}\`?`,
    );
  }
}

function finishStep(draft: StepDraft, registered: Registered, finishing: Finishing): Step {
  const { look, guard, when, confirm, body, verify, undo } = draft;
  const finish = (play: PlayDraft | undefined): Play | undefined =>
    play && finishOne(play, registered, finishing);
  const lookPlay = finish(look);
  const whenTask = finish(when)?.tasks[0];
  const guardPlay = finish(guard);
  const confirmTask = finish(confirm)?.tasks[0];
  const play = finishOne(body, registered, finishing);
  const verified: Verify | undefined = verify && {
    look: finish(verify.look) ?? lookPlay,
    conditions: finishOne(verify.conditions, registered, finishing),
    withinMs: verify.withinMs,
    everyMs: verify.everyMs,
  };
  // What is only done when something went wrong, or to go back, is no part of what later steps may read.
  const aside: Registered = { ...registered, shapes: new Map(registered.shapes), by: new Map(registered.by) };
  const { onFailure } = draft;
  return {
    id: draft.id,
    number: draft.number,
    name: draft.name,
    description: draft.description,
    position: draft.position,
    hosts: play.batches.flat(),
    when: whenTask,
    guard: guardPlay && { look: lookPlay, conditions: guardPlay },
    look: lookPlay,
    confirm: confirmTask,
    pointOfNoReturn: draft.pointOfNoReturn,
    play,
    verify: verified,
    timeoutMs: draft.timeoutMs,
    ignoresUnreachable: draft.ignoresUnreachable,
    onFailure: typeof onFailure === 'string' ? onFailure : finishOne(onFailure, aside, finishing),
    // Going back is a run of its own, which is given what the run found out that it takes back.
    undo: undo && finishStep(undo, aside, finishing),
    ...usedRegisters(draft, registered, finishing),
  };
}

function usedRegisters(
  draft: StepDraft,
  { all }: Registered,
  { options }: Finishing,
): { registers: readonly string[]; reads: readonly string[] } {
  const registers = registersOf(draft);
  const words = wordsOf(draft, (name) => textOf(options, name));
  return { registers, reads: [...all.keys()].filter((name) => words.has(name)) };
}

/** A template as it stands; undefined where it is not there, which loading has told already. */
function textOf({ readFile }: RunbookOptions, name: string): string | undefined {
  for (const path of [name, `templates/${name}`, `../templates/${name}`]) {
    try {
      return readFile(path).toString();
    } catch {
      // It may be in the next folder.
    }
  }
  return undefined;
}

function finishChecks(draft: ChecksDraft, registered: Registered, finishing: Finishing): Checks {
  return {
    look: draft.look && finishOne(draft.look, registered, finishing),
    conditions: finishOne(draft.conditions, registered, finishing),
  };
}

function finishOne(draft: PlayDraft, registered: Registered, finishing: Finishing): Play {
  const { options, draft: runbook, files, commandLine, kept, problems } = finishing;
  const hosts = draft.hosts.filter((host) => kept.has(host));
  const layers: PlayLayers = {
    ...within(runbook, draft),
    commandLine,
    hosts,
    lost: options.lost ?? [],
  };
  const roots = new ConditionRoots(options.inventory, layers);
  const finish = (task: TaskDraft) =>
    finishTask(task, options.inventory, layers, roots, files, registered, problems);
  return finishPlay(draft, kept, { tags: [], skipTags: [] }, finish, problems);
}
