import type { Command, CommandResult } from '../core/command.ts';
import type { BatchCommand, BatchListener, BatchResult, Session } from '../core/session.ts';
import { type Decision, taskRef } from './decision.ts';
import { handlerKey } from './handler-key.ts';
import { idOf } from './item-id.ts';
import { lineSplitter } from './line-splitter.ts';
import type { PastResult } from './past-batches.ts';
import { probeBatch } from './probe-batch.ts';
import { announced, recordBatchEnd, recording, scriptDigest } from './recorded.ts';
import type { Run } from './run.ts';

type Shell = Extract<Command, { kind: 'shell' }>;

/** A command of a batch, and whose it is. */
interface Listed {
  readonly decision: Decision;
  readonly command: Shell;
  readonly id: string;
  /** Which of the decision's commands on this host. */
  readonly part: number;
}

/** The operator's word: it was done. What it said nobody knows. */
const TAKEN_AS_DONE: CommandResult = { status: 0, stdout: '', stderr: '', truncated: true, durationMs: 0 };

/** What became of one decision: its commands' results so far, in order. */
export interface Performed {
  readonly decision: Decision;
  readonly commands: readonly Shell[];
  readonly results: readonly CommandResult[];
}

export interface Performance {
  readonly batch: BatchResult;
  readonly performed: readonly Performed[];
}

/**
 * Runs the decisions' commands on one host as one durable batch. Throws `Unreachable` when contact is lost for good;
 * `begun` has then told how far it came.
 */
export async function perform(
  run: Run,
  on: string,
  decisions: readonly Decision[],
  handler: boolean,
  begun: (decision: Decision) => void = () => {},
): Promise<Performance> {
  const session = run.contacts.session(on);
  if (!session) throw new Error(`${on} has no session`);
  const listed = decisions.flatMap((decision) => listCommands(decision, on));
  if (listed.length === 0) return { batch: { outcome: 'done', results: [] }, performed: [] };
  const results = resultsBefore(run, on, listed);
  const hasFailed = [...results.values()].some(({ status }) => status !== 0);
  const open = hasFailed ? [] : listed.filter((one) => !results.has(one));
  const batch = open.length === 0 ? ended(hasFailed) : await send(run, session, listed, open, handler, begun);
  for (const [index, one] of open.entries()) {
    const result = batch.results[index];
    if (result) results.set(one, result);
  }
  return { batch, performed: decisions.map((decision) => performedOf(decision, listed, results)) };
}

/** Announces the commands that are still open, and has the host run them. */
async function send(
  run: Run,
  session: Session,
  listed: readonly Listed[],
  open: readonly Listed[],
  handler: boolean,
  begun: (decision: Decision) => void,
): Promise<BatchResult> {
  const on = session.host.name;
  const commands = listed.map((one, index) =>
    batchCommand(run, on, one, listed[index - 1], listed[index + 1], handler),
  );
  const sent = commands.filter((_, index) => open.includes(listed[index] as Listed));
  if (run.onlyReads) return probeBatch(session, sent, run.clock.now);
  const key = `${run.id}.${run.nextBatch()}`;
  const said = open.map(({ decision, command, part }) =>
    announced(run, decision, part, command.script, command.display),
  );
  run.begun = true;
  await run.journal.record({ type: 'batch-sent', host: on, key, commands: said });
  run.running.set(key, on);
  try {
    const token = run.leases.token(on);
    const batch = { key, commands: sent, ...(token === undefined ? {} : { token }) };
    const ids = open.map(({ id, decision }) => ({ id, sensitive: decision.task.sensitive }));
    const result = await session.run(
      batch,
      recording(run, key, ids, listener(run, on, open, handler, begun)),
    );
    if (result.outcome === 'in-doubt') run.leases.keep(on);
    await recordBatchEnd(run, key, result);
    return result;
  } finally {
    run.running.delete(key);
    run.ground.facts.forget(on);
  }
}

/**
 * How actions ended that were sent before the run was taken up, as far as they are still the same commands: they may
 * have been made anew from what the host is like now. What is declared was looked at again, and has none.
 */
function resultsBefore(run: Run, on: string, listed: readonly Listed[]): Map<Listed, CommandResult> {
  const results = new Map<Listed, CommandResult>();
  for (const [decision, own] of Map.groupBy(listed, (one) => one.decision)) {
    const id = idOf(decision);
    const known = run.past.batches.takeResults(id, on);
    if (decision.change.action !== 'run') continue;
    for (const one of own) {
      const result = run.past.isDone(id) ? TAKEN_AS_DONE : resultOf(one, known.get(one.part));
      if (!result) break;
      results.set(one, result);
    }
  }
  return results;
}

function resultOf({ command }: Listed, past: PastResult | undefined): CommandResult | undefined {
  return past?.sha256 === scriptDigest(command.script) ? past.result : undefined;
}

function ended(hasFailed: boolean): BatchResult {
  return { outcome: hasFailed ? 'failed' : 'done', results: [] };
}

/** Writes down which handlers a change will have to notify that is not made by a batch. */
export async function noteHandlers(run: Run, { task, host, on }: Decision): Promise<void> {
  const session = run.contacts.session(on);
  if (!session || task.notify.length === 0) return;
  const notes = task.notify.map((name) => handlerKey(run.playbook, { name }, host, on));
  const command: BatchCommand = { id: `${task.id}.notes`, script: ':', timeoutMs: 60_000, notes };
  const token = run.leases.token(on);
  const batch = {
    key: `${run.id}.${run.nextBatch()}`,
    commands: [command],
    ...(token === undefined ? {} : { token }),
  };
  const { outcome, reason } = await session.run(batch, {});
  if (outcome !== 'done') throw new Error(`its handlers could not be noted: ${reason ?? outcome}`);
}

function listCommands(decision: Decision, on: string): readonly Listed[] {
  const { resource, args, change, view, task } = decision;
  if (!view) throw new Error(`${task.name} has nothing to run yet`);
  return resource
    .commands(args as never, change, view)
    .filter((command) => command.kind === 'shell')
    .filter((command) => (command.on ?? decision.on) === on)
    .map((command, part) => ({
      decision,
      command,
      part,
      id: `${task.id}.${decision.item?.key ?? ''}.${part}`,
    }));
}

function batchCommand(
  run: Run,
  on: string,
  { decision, command, id }: Listed,
  before: Listed | undefined,
  after: Listed | undefined,
  handler: boolean,
): BatchCommand {
  const as = command.as ?? decision.item?.as;
  const notes = decision.task.notify.map((name) => handlerKey(run.playbook, { name }, decision.host, on));
  const isFirst = before?.decision !== decision;
  const isLast = after?.decision !== decision;
  return {
    id,
    script: command.script,
    timeoutMs: command.timeoutMs,
    ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
    ...(as === undefined ? {} : { as }),
    ...(isFirst && notes.length ? { notes } : {}),
    ...(isLast && handler ? { strikes: [handlerKey(run.playbook, decision.task, decision.host, on)] } : {}),
  };
}

function performedOf(
  decision: Decision,
  listed: readonly Listed[],
  results: ReadonlyMap<Listed, CommandResult>,
): Performed {
  const own = listed.filter((one) => one.decision === decision);
  return {
    decision,
    commands: own.map(({ command }) => command),
    results: own.map((one) => results.get(one)).filter((result) => result !== undefined),
  };
}

function listener(
  run: Run,
  host: string,
  listed: readonly Listed[],
  handler: boolean,
  begun: (decision: Decision) => void,
): BatchListener {
  const byId = new Map(listed.map((one) => [one.id, one]));
  const split = lineSplitter((id, stream, text) => {
    const one = byId.get(id);
    if (!one || one.decision.task.sensitive) return;
    const { task, item } = one.decision;
    run.emit({
      type: 'output',
      host: one.decision.host,
      task: taskRef(task),
      item: item?.label ?? '',
      stream,
      text: run.masker.mask(text),
    });
  });
  return {
    started(id) {
      const one = byId.get(id);
      if (!one) return;
      begun(one.decision);
      run.emit({
        type: 'begin',
        host: one.decision.host,
        task: taskRef(one.decision.task),
        item: run.masker.mask(one.decision.item?.label ?? ''),
        display: one.decision.task.sensitive ? '(sensitive)' : run.masker.mask(one.command.display),
        handler,
      });
    },
    output: (id, stream, chunk) => split.push(id, stream, chunk),
    finished: (id) => split.end(id),
    contact(state, detail) {
      const task = taskRef((listed[0] as Listed).decision.task);
      run.emit({ type: 'status', host, task, text: `contact ${state}: ${run.masker.mask(detail)}` });
    },
  };
}
