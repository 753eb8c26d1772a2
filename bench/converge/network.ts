import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placesOf } from '../../src/lab/places.ts';
import type { LabSettings } from '../../src/lab/settings.ts';
import { startProxy } from '../../test/transport/proxy.ts';

/** The hosts of the lab as they are reached through proxies that delay, one for each. */
export interface Network {
  readonly hosts: readonly { readonly name: string; readonly port: number }[];
  readonly key: string;
  readonly knownHosts: string;
  close(): Promise<void>;
}

/** New proxies, so that no connection of an earlier run is left. `rttMs`: there and back. */
export async function openNetwork(settings: LabSettings, rttMs: number, folder: string): Promise<Network> {
  const { sshKey, knownHosts } = placesOf(settings);
  const known = readFileSync(knownHosts, 'utf8').split('\n');
  const proxies = await Promise.all(settings.hosts.map(({ address }) => startProxy(22, rttMs / 2, address)));
  const hosts = settings.hosts.map(({ name, address }, index) => ({
    name,
    address,
    port: proxies[index]?.port ?? 0,
  }));
  const lines = hosts.flatMap(({ address, port }) =>
    known
      .filter((line) => line.split(/[, ]/).includes(address))
      .map((line) => line.replace(/^\S+/, `[127.0.0.1]:${port}`)),
  );
  const file = join(folder, 'known_hosts');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return {
    hosts,
    key: sshKey,
    knownHosts: file,
    close: async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))),
  };
}
