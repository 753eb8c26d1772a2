import { readFileSync } from 'node:fs';
import { mistake } from '../core/diagnostic.ts';
import type { Looked } from '../core/fact.ts';
import type { Host } from '../core/host.ts';
import type { Secret } from '../core/secret.ts';
import type { Session } from '../core/session.ts';
import { agreedKey, type MemberKey } from '../escrow/agreed-key.ts';
import { secretFile } from '../facts/secret-file.ts';
import { loadInventory } from '../language/load-inventory.ts';
import { connector } from '../transport/connector.ts';
import { type Args, lastOf } from './args.ts';
import { credentials } from './credentials.ts';
import { folders } from './folders.ts';
import { findInventory, withOverrides } from './project.ts';
import { readSettings, type Settings } from './settings.ts';

/** Connects to every host of the group that `--group` names (db), and closes all again. Throws `Unreachable`. */
export async function withMembers<T>(
  args: Args,
  use: (members: readonly Session[]) => Promise<T>,
): Promise<T> {
  const { hosts, settings } = membersOf(args);
  const connect = connector(await credentials(args, settings, hosts));
  const opened = await Promise.allSettled(hosts.map((host) => connect(host)));
  const sessions = opened.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []));
  try {
    const failed = opened.find((o) => o.status === 'rejected');
    if (failed) throw failed.reason;
    return await use(sessions);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

function membersOf(args: Args): { readonly hosts: readonly Host[]; readonly settings: Settings } {
  const cwd = process.cwd();
  const settings = readSettings(args, process.env, cwd);
  const file = findInventory(settings, cwd);
  const loaded = loadInventory(file, readFileSync(file, 'utf8'), folders);
  const inventory = withOverrides(loaded.inventory, settings, args);
  const group = lastOf(args, 'group') ?? 'db';
  const names = inventory.groups[group] ?? [];
  if (names.length === 0)
    throw mistake(`the inventory ${file} has no hosts in the group "${group}"`, {
      hint: `write --group NAME; groups: ${Object.keys(inventory.groups).join(', ')}`,
    });
  return { hosts: inventory.hosts.filter((host) => names.includes(host.name)), settings };
}

/** The backup key that all members hold. */
export async function keyOf(
  members: readonly Session[],
  path: string,
): Promise<ReturnType<typeof agreedKey>> {
  const seen = members.map(
    async (member): Promise<MemberKey> => ({ member: member.host.name, looked: await keyOn(member, path) }),
  );
  return agreedKey(path, await Promise.all(seen));
}

async function keyOn(member: Session, path: string): Promise<Looked<Secret>> {
  const { script } = secretFile.look([path]);
  const answer = await member.probe(script, { timeoutMs: secretFile.timeoutMs });
  const [looked] = secretFile.parse(answer, [path]);
  if (looked === undefined) throw new Error(`no answer about ${path}`);
  return looked.state === 'value' ? { state: 'value', value: looked.value.text } : looked;
}
