import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostPlaces, placesOf } from './places.ts';
import { run } from './program.ts';
import type { LabHost, LabSettings } from './settings.ts';

export const HOST_KEY_TYPES = ['ed25519', 'ecdsa', 'rsa'] as const;

/** Makes, once, what stays the same whatever happens to the disks: our key, and the hosts' keys and ids. */
export async function ensureIdentities(settings: LabSettings): Promise<void> {
  const { sshKey, knownHosts } = placesOf(settings);
  mkdirSync(dirname(sshKey), { recursive: true, mode: 0o700 });
  await makeKey('ed25519', sshKey, 'fanops-lab');
  await Promise.all(settings.hosts.map((host) => ensureIdentity(settings, host)));
  writeFileSync(knownHosts, settings.hosts.map((host) => knownKeys(settings, host)).join(''));
}

async function ensureIdentity(settings: LabSettings, host: LabHost): Promise<void> {
  const { identity } = hostPlaces(settings, host);
  mkdirSync(identity, { recursive: true, mode: 0o700 });
  const id = join(identity, 'machine-id');
  if (!existsSync(id)) writeFileSync(id, `${randomBytes(16).toString('hex')}\n`);
  for (const type of HOST_KEY_TYPES) await makeKey(type, join(identity, `ssh_host_${type}_key`), host.name);
}

/** Lines of known_hosts: the host's real keys, under its address and its name. */
function knownKeys(settings: LabSettings, host: LabHost): string {
  const { identity } = hostPlaces(settings, host);
  return HOST_KEY_TYPES.map((type) => {
    const [algorithm, key] = readFileSync(join(identity, `ssh_host_${type}_key.pub`), 'utf8').split(' ');
    return `${host.address},${host.name} ${algorithm} ${key}\n`;
  }).join('');
}

async function makeKey(type: string, file: string, comment: string): Promise<void> {
  // ssh-keygen writes the public half last: with it, both are there.
  if (existsSync(`${file}.pub`)) return;
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', comment, '-f', file], { input: 'y\n' });
}
