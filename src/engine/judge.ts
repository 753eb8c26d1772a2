import { isChanging } from '../core/change.ts';
import type { Command, CommandResult } from '../core/command.ts';
import { InputError } from '../core/diagnostic.ts';
import type { Scope } from '../core/task.ts';
import type { Decision } from './decision.ts';
import { batchFailed, brokenText, commandFailed } from './failure.ts';
import { factsOf } from './ground.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { registeredItem } from './registered.ts';
import type { Run } from './run.ts';

/** As the author judges it; a judgement that breaks on the result is a failure, with the result beside it. */
export function judgeItem(
  run: Run,
  decision: Decision,
  commands: readonly Extract<Command, { kind: 'shell' }>[],
  results: readonly CommandResult[],
  fresh: Decision,
): ItemOutcome {
  try {
    return judge(run, decision, commands, results, fresh);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [command, result] = [commands.at(-1), results.at(-1)];
    const failure = batchFailed('failed', brokenText(error), command?.script, result, run);
    return { outcome: 'failed', outputs: results, failure, fresh };
  }
}

/** What the author says of a result (`until`, `failed_when`, `changed_when`), else what its exit status says. */
function judge(
  run: Run,
  decision: Decision,
  commands: readonly Extract<Command, { kind: 'shell' }>[],
  results: readonly CommandResult[],
  fresh: Decision,
): ItemOutcome {
  const { task, host, item } = decision;
  const failedAt = results.findIndex((result) => result.status !== 0);
  const changes = isChanging(decision.change);
  const value = registeredItem(fresh, { changed: changes, failed: failedAt >= 0, outputs: results });
  const registers = run.registers.of(host);
  const scope: Scope = {
    host,
    registers: task.register === undefined ? registers : { ...registers, [task.register]: value },
    facts: factsOf(run.ground, host),
  };
  const until = task.judge('until', scope, value, item);
  const failed = task.judge('failed', scope, value, item) ?? (until === undefined ? failedAt >= 0 : !until);
  if (failed) {
    const result = results[failedAt] ?? results.at(-1);
    const command = (commands[failedAt] ?? commands.at(-1))?.script ?? task.name;
    const failure = result
      ? {
          ...commandFailed(command, result, run),
          ...(failedAt < 0 ? { message: notAccepted(until) } : {}),
        }
      : { outcome: 'failed' as const, message: notAccepted(until) };
    return { outcome: 'failed', outputs: results, failure, fresh };
  }
  const changed = task.judge('changed', scope, value, item) ?? changes;
  return { outcome: changed ? 'changed' : 'ok', outputs: results, fresh };
}

function notAccepted(until: boolean | undefined): string {
  return until === false ? '"until" does not hold' : '"failed_when" holds';
}
