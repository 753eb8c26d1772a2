import type { Command } from '../core/command.ts';
import { comeBack } from './come-back.ts';
import type { Decision } from './decision.ts';
import { fetchFile } from './fetch-file.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { Run } from './run.ts';
import { transferFiles } from './transfer-files.ts';
import { freshView } from './verify.ts';
import { wait } from './wait.ts';

/** What is more than a batch on the host: waiting, fetching, copying, rebooting. Undefined for all else. */
export function workApart(
  run: Run,
  decision: Decision,
  runShell: () => Promise<ItemOutcome>,
): Promise<ItemOutcome> | undefined {
  const command = commandsOf(decision).find(({ kind }) => kind !== 'shell');
  switch (command?.kind) {
    case 'await':
      return waitFor(run, decision, command);
    case 'fetch':
      return fetchFile(run, decision, command);
    case 'transfer':
      return transferFiles(run, decision, command);
    case 'reboot':
      return comeBack(run, decision, command, runShell);
    default:
      return undefined;
  }
}

/** Whether the host runs something for it. */
export function runsShell(decision: Decision): boolean {
  return commandsOf(decision).some(({ kind }) => kind === 'shell');
}

function commandsOf({ resource, args, change, view }: Decision): readonly Command[] {
  return view ? resource.commands(args as never, change, view) : [];
}

async function waitFor(
  run: Run,
  decision: Decision,
  command: Extract<Command, { kind: 'await' }>,
): Promise<ItemOutcome> {
  const waited = await wait(run, decision, command);
  if ('failure' in waited) return { outcome: 'failed', outputs: [], failure: waited.failure };
  return { outcome: 'ok', outputs: waited.outputs, fresh: freshView(run, decision) };
}
