import { mistake } from '../core/diagnostic.ts';
import type { Lease } from '../core/lease.ts';
import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Session } from '../core/session.ts';
import { timeText } from '../report/run-list.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { ask } from './ask.ts';
import { type Reached, withHosts } from './chosen-hosts.ts';
import { type Console, openConsole } from './console.ts';

/** `fanops unlock`: takes hosts away from a run whose controller is dead for good. */
export function unlock(args: Args): Promise<Outcome> {
  const console = openConsole(new Masker(), args);
  return withHosts(args, args.positionals, (reached) => unlockAll(args, reached, console));
}

async function unlockAll(args: Args, reached: readonly Reached[], console: Console): Promise<Outcome> {
  const run = lastOf(args, 'run');
  const held: { readonly session: Session; readonly lease: Lease }[] = [];
  for (const { host, session, reason } of reached) {
    const lease = await session?.lease();
    if (!session) console.err(`${host.name}: unreachable: ${reason}\n`);
    else if (!lease) console.err(`${host.name}: nobody holds it\n`);
    else {
      console.err(
        `${host.name}: held by ${lease.holder} since ${timeText(lease.since)}, ${lease.message}, run ${lease.run}\n`,
      );
      if (run === undefined || lease.run.startsWith(run)) held.push({ session, lease });
      else console.err(`${host.name}: left alone: it is not run ${run}\n`);
    }
  }
  const lost = reached.some(({ session }) => !session);
  if (held.length === 0) return lost ? 'unreachable' : 'done';
  if (!isSet(args, 'yes') && !(await consent())) return 'interrupted';
  for (const { session, lease } of held) {
    await session.dropLease(lease.run);
    console.err(`${session.host.name}: free; what run ${lease.run} still sends begins nothing more\n`);
  }
  return lost ? 'unreachable' : 'done';
}

async function consent(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw mistake('taking a host away from a run must be confirmed, and there is no terminal to ask on', {
      hint: 'make sure that its controller is dead, then write --yes',
    });
  return ask('\nOnly when its controller is dead for good. Type "unlock": ', 'unlock');
}
