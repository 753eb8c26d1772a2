import { mistake } from '../core/diagnostic.ts';
import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Args, allOf, isSet } from './args.ts';
import { ask } from './ask.ts';
import { type Reached, withHosts } from './chosen-hosts.ts';
import { type Console, openConsole } from './console.ts';

/** `fanops handlers`: which were notified on hosts and never ran. */
export function handlers(args: Args): Promise<Outcome> {
  const console = openConsole(new Masker(), args);
  const names = allOf(args, 'limit').flatMap((word) => word.split(','));
  return withHosts(args, names, (reached) => tell(args, reached, console));
}

async function tell(args: Args, reached: readonly Reached[], console: Console): Promise<Outcome> {
  const pending = reached.map(({ host, session }) => ({
    host: host.name,
    session,
    handlers: session?.hello.pendingHandlers ?? [],
  }));
  if (isSet(args, 'json')) {
    const hosts = Object.fromEntries(
      pending.map(({ host, session, handlers }) => [host, session ? handlers : null]),
    );
    console.out(`${JSON.stringify({ schema: 'fanops/handlers/1', hosts }, undefined, 2)}\n`);
  } else
    for (const { host, handlers } of pending) for (const name of handlers) console.out(`${host}: ${name}\n`);
  for (const { host, session, reason } of reached)
    if (!session) console.err(`${host.name}: unreachable: ${reason}\n`);
  const due = pending.filter(({ handlers }) => handlers.length > 0);
  if (!isSet(args, 'json') && due.length === 0) console.err('no handler is pending\n');
  if (isSet(args, 'clear') && due.length > 0 && !(await consent(args))) return 'interrupted';
  for (const { session, handlers } of isSet(args, 'clear') ? due : []) await session?.strike(handlers);
  return reached.some(({ session }) => !session) ? 'unreachable' : 'done';
}

/** What is cleared does not run: nobody restarts what was changed. */
async function consent(args: Args): Promise<boolean> {
  if (isSet(args, 'yes')) return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw mistake('clearing handlers must be confirmed, and there is no terminal to ask on', {
      hint: 'run what they would have done, then write --yes',
    });
  return ask('\nThey will not run. Type "clear": ', 'clear');
}
