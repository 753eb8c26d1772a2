import type { Change } from '../core/change.ts';
import type { CommandResult } from '../core/command.ts';
import type { InputError } from '../core/diagnostic.ts';
import type { Failure } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import { afterHeld, type Held, heldText } from './leases.ts';
import type { Run } from './run.ts';

/** How much of an output a failure shows, from its end. Characters. */
const TAIL = 4000;

/** Of a run: what it takes to say how to go on with it. */
type Told = Pick<Run, 'id' | 'journal'>;

/** What to type to go on. */
export function toGoOn({ id, journal }: Told): string {
  return journal.isNone ? 'apply again runs it and every command before it again' : `fanops resume ${id}`;
}

/** What to type when the cause is mended. */
export function whenMended(run: Told): string {
  return run.journal.isNone ? `mend the cause; ${toGoOn(run)}` : `mend the cause, then: ${toGoOn(run)}`;
}

export function commandFailed(
  command: string,
  result: CommandResult,
  run: Told & Pick<Run, 'masker'>,
): Failure {
  const { masker } = run;
  const how = result.status === null ? 'was ended by a signal' : `ended with exit status ${result.status}`;
  return {
    outcome: 'failed',
    message: `the command ${how}`,
    command: masker.mask(command),
    status: result.status,
    stderr: masker.mask(result.stderr.slice(-TAIL)),
    stdout: masker.mask(result.stdout.slice(-TAIL)),
    next: whenMended(run),
  };
}

export function batchFailed(
  outcome: Outcome,
  reason: string,
  command: string | undefined,
  result: CommandResult | undefined,
  run: Told & Pick<Run, 'masker'>,
): Failure {
  const { id, masker } = run;
  return {
    outcome,
    message: masker.mask(reason),
    ...(command === undefined ? {} : { command: masker.mask(command) }),
    ...(result === undefined
      ? {}
      : { stderr: masker.mask(result.stderr.slice(-TAIL)), stdout: masker.mask(result.stdout.slice(-TAIL)) }),
    next:
      outcome === 'in-doubt'
        ? `look at the host whether it happened, then: fanops resume ${id} --treat-as done (or again)`
        : outcome === 'stopped'
          ? toGoOn(run)
          : whenMended(run),
  };
}

export function leasedFailure(held: Held): Failure {
  return { outcome: 'leased', message: `${held.host} is ${heldText(held)}`, next: afterHeld(held) };
}

export function blockedFailure(change: Change, next: string): Failure {
  return {
    outcome: 'failed',
    message: change.reason ?? 'it cannot be done',
    next: `nothing of this task was done; ${next}`,
  };
}

/** A condition or template that broke on what was found out during the run, and where it stands. */
export function brokenText({ diagnostics }: InputError): string {
  return diagnostics
    .map(({ message, position, source }) =>
      position && source ? `${message} (line ${position.line}: ${source.trim()})` : message,
    )
    .join('\n');
}

export function notConverged(change: Change): Failure {
  const fields = change.fields.map((f) => f.field).join(', ');
  const what = change.action === 'blocked' ? change.reason : `still different: ${fields || change.action}`;
  return {
    outcome: 'failed',
    message: `did not converge: done without an error, but ${what}`,
    next: 'something else changes it, or the value means something else to the host; compare by hand',
  };
}

export function notPlanned(change: Change): Failure {
  const fields = change.fields.map((f) => f.field).join(', ');
  return {
    outcome: 'stale',
    message: `the plan called this unchanged, and now it differs (${fields || change.action}): something else changed the host meanwhile`,
    next: 'plan again, and apply that',
  };
}

export function notReading({ resource }: { readonly resource: { readonly name: string } }): Failure {
  return {
    outcome: 'failed',
    message: `it only reads here, and ${resource.name} would do more than that`,
    next: 'move it from `look` to `tasks`; a command that only reads says `changed_when: false`',
  };
}

export function stillUnknown(change: Change): Failure {
  return {
    outcome: 'failed',
    message: `it depends on "${change.after ?? '?'}", which has not been done`,
    next: 'check its "when:", "--tags" and "--limit"',
  };
}
