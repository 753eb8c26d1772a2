import { existsSync } from 'node:fs';
import type { Host, SshPlace } from '../core/host.ts';
import type { Secret } from '../core/secret.ts';
import { agentHas } from './agent-keys.ts';
import { privateKey, publicKeyOf } from './private-key.ts';
import { expandHome, type TransportSettings, withDefaults } from './settings.ts';
import { ownKeyFiles } from './ssh-keys.ts';

/**
 * The key files that want a passphrase to be of use: those named for a host or a jump host and, where a place has none
 * of its own, the usual ones if not one of these is open. Those that the agent has want none.
 */
export async function lockedKeys(
  hosts: readonly Host[],
  settings: TransportSettings = {},
): Promise<string[]> {
  const { agentSocket, identityFiles } = withDefaults(settings);
  const places = hosts
    .filter((host) => host.connection === 'ssh')
    .flatMap((host) => [host, ...(host.jumps ?? [])]);
  const files = new Set(places.flatMap((place) => keyFilesOf(place, identityFiles)).map(expandHome));
  const locked: string[] = [];
  for (const file of files)
    if (privateKey(file).state === 'encrypted' && !(await isInAgent(agentSocket, file))) locked.push(file);
  return locked;
}

export function opens(file: string, passphrase: Secret): boolean {
  return privateKey(file, passphrase).state === 'key';
}

function keyFilesOf(place: SshPlace, usual: readonly string[]): readonly string[] {
  const own = ownKeyFiles(place);
  if (own.length > 0) return own;
  return usual.some((file) => privateKey(expandHome(file)).state === 'key') ? [] : usual;
}

async function isInAgent(socket: string, file: string): Promise<boolean> {
  const key = publicKeyOf(file);
  return key !== undefined && socket !== '' && existsSync(socket) && agentHas(socket, key);
}
