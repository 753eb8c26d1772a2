import { createHash } from 'node:crypto';
import type { CommandResult } from '../core/command.ts';
import type { AnnouncedCommand, ItemEnded, JournalEntry } from '../core/journal.ts';
import { freeze, memoryVault } from '../core/json.ts';
import type { Masker } from '../core/masker.ts';
import type { BatchListener, BatchResult } from '../core/session.ts';
import { secretIn, type Value } from '../core/value.ts';
import { type Decision, taskRef } from './decision.ts';
import type { CarriedOut } from './host-walk.ts';
import { idOf } from './item-id.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { shownAddress } from './planned-step.ts';
import { registeredItem } from './registered.ts';
import type { Run } from './run.ts';

/** What comes by again when a run is taken up, and was recorded then, is not recorded twice. */
export async function recordOnce(run: Run, entry: JournalEntry): Promise<void> {
  if (!run.past.takeMark(entry)) await run.journal.record(entry);
}

/** Tells whether a command is still the one that was announced. */
export function scriptDigest(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}

/** A command as it is announced. */
export function announced(
  run: Run,
  decision: Decision,
  part: number,
  script: string,
  display: string,
): AnnouncedCommand {
  const { task, item, change } = decision;
  return {
    id: idOf(decision),
    part,
    sha256: scriptDigest(script),
    action: change.action,
    isRead: task.register !== undefined || (task.judges?.length ?? 0) > 0,
    task: taskRef(task),
    label: run.masker.mask(item?.label ?? ''),
    ...(item?.place === undefined ? {} : { place: item.place }),
    sensitive: task.sensitive,
    display: task.sensitive ? '(sensitive)' : run.masker.mask(display),
  };
}

/** Keeps the ends of a batch's commands before the host may forget them. */
export function recording(
  run: Run,
  key: string,
  commands: readonly { readonly id: string; readonly sensitive: boolean }[],
  listener: BatchListener,
): BatchListener {
  return {
    ...listener,
    finished(id, result) {
      const number = commands.findIndex((command) => command.id === id);
      const isSensitive = commands[number]?.sensitive ?? true;
      // Not waited for: it is in the file, and the next announcement puts it on disk.
      void run.journal.record({
        type: 'command-ended',
        key,
        number,
        ...kept(run.masker, result, isSensitive),
      });
      listener.finished?.(id, result);
    },
  };
}

export async function recordBatchEnd(run: Run, key: string, { outcome, reason }: BatchResult): Promise<void> {
  await run.journal.record({
    type: 'batch-ended',
    key,
    outcome,
    ...(reason === undefined ? {} : { reason }),
  });
}

/** Of a result nothing secret: where there is something, no output at all. */
function kept(
  masker: Masker,
  result: CommandResult,
  isSensitive: boolean,
): { readonly result: CommandResult; readonly withheld?: true } {
  const isOpen = !isSensitive && [result.stdout, result.stderr].every((text) => masker.mask(text) === text);
  return isOpen ? { result } : { result: { ...result, stdout: '', stderr: '' }, withheld: true };
}

/** How an item ended, for a controller that takes the run up: it will not be done again. */
export function recordItem(
  run: Run,
  decision: Decision,
  ended: ItemOutcome,
  handler: boolean,
  { effect, keepers }: Pick<CarriedOut, 'effect' | 'keepers'>,
): void {
  const { task, item, change } = decision;
  const id = idOf(decision);
  run.past.forget(id);
  void run.journal.record({
    type: 'item-ended',
    id,
    task: taskRef(task),
    label: run.masker.mask(item?.label ?? ''),
    ...(item?.place === undefined ? {} : { place: item.place }),
    address: run.masker.mask(shownAddress(decision)),
    handler,
    outcome: ended.outcome,
    action: change.action,
    ...(ended.reason === undefined ? {} : { reason: ended.reason }),
    ...(ended.failure === undefined ? {} : { failure: withoutOutput(decision, ended.failure) }),
    durationMs: ended.outputs.reduce((sum, result) => sum + result.durationMs, 0),
    effect,
    keepers,
    ...registeredPart(run, decision, ended),
  });
}

function withoutOutput({ task }: Decision, failure: NonNullable<ItemOutcome['failure']>): typeof failure {
  if (!task.sensitive) return failure;
  const { command: _, stdout: __, stderr: ___, ...rest } = failure;
  return rest;
}

function registeredPart(
  run: Run,
  decision: Decision,
  { outcome, failure, outputs, fresh }: ItemOutcome,
): Pick<ItemEnded, 'value' | 'withheld'> {
  if (decision.task.register === undefined) return {};
  const value = registeredItem(fresh ?? decision, {
    changed: outcome === 'changed',
    failed: failure !== undefined,
    outputs,
  });
  return isKept(run.masker, decision, value)
    ? { value: freeze(value, memoryVault('none')) }
    : { withheld: true };
}

/** A secret, known as one or hidden in a text, is not written down. */
function isKept(masker: Masker, { task }: Decision, value: Value): boolean {
  if (task.sensitive || secretIn(value)) return false;
  const text = JSON.stringify(value);
  return masker.mask(text) === text;
}
