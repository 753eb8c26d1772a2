import { readFileSync } from 'node:fs';
import { mistake } from '../core/diagnostic.ts';
import type { Host } from '../core/host.ts';
import { type Session, Unreachable } from '../core/session.ts';
import { loadInventory } from '../language/load-inventory.ts';
import { didYouMean } from '../language/nearest.ts';
import { connector } from '../transport/connector.ts';
import type { Args } from './args.ts';
import { credentials } from './credentials.ts';
import { folders } from './folders.ts';
import { findInventory, withOverrides } from './project.ts';
import { readSettings } from './settings.ts';

/** What became of connecting to one host. */
export interface Reached {
  readonly host: Host;
  readonly session: Session | undefined;
  /** Why there is no session. */
  readonly reason?: string;
}

/** Connects to hosts and groups by name (all without a name), gives what was reached to `use`, and closes all again. */
export async function withHosts<T>(
  args: Args,
  names: readonly string[],
  use: (reached: readonly Reached[]) => Promise<T>,
): Promise<T> {
  const settings = readSettings(args, process.env, process.cwd());
  const file = findInventory(settings, process.cwd());
  const loaded = loadInventory(file, readFileSync(file, 'utf8'), folders);
  const { hosts, groups } = withOverrides(loaded.inventory, settings, args);
  const known = [...hosts.map(({ name }) => name), ...Object.keys(groups)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw mistake(`the inventory has no host or group \`${unknown}\``, {
      hint: didYouMean(unknown, known, 'known') ?? `known: ${known.join(', ')}`,
    });
  const wanted = new Set(names.flatMap((name) => groups[name] ?? [name]));
  const chosen = names.length === 0 ? hosts : hosts.filter(({ name }) => wanted.has(name));
  const connect = connector(await credentials(args, settings, chosen));
  const reached = await Promise.all(chosen.map((host) => reach(host, connect)));
  try {
    return await use(reached);
  } finally {
    await Promise.all(reached.map(({ session }) => session?.close()));
  }
}

async function reach(host: Host, connect: ReturnType<typeof connector>): Promise<Reached> {
  try {
    return { host, session: await connect(host) };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return { host, session: undefined, reason: error.message };
  }
}
