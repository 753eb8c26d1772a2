import { isAbsolute } from 'node:path';
import { type Diagnostic, InputError } from '../core/diagnostic.ts';
import { addressAt, formatNetwork, type Network, parseNetwork, sizeOf } from './ipv4.ts';

export interface LabHost {
  readonly name: string;
  /** From 1, in order. */
  readonly number: number;
  readonly address: string;
}

export interface LabSettings {
  /** State: disks, keys, snapshots. */
  readonly dir: string;
  /** Root file systems and packages; may be shared by several labs. */
  readonly cache: string;
  /** Name of the bridge; all other names of the outer machine (links, namespaces, cgroups) begin with it. */
  readonly bridge: string;
  readonly network: Network;
  /** The outer machine on the bridge: the network's first address. */
  readonly gateway: string;
  readonly aptPort: number;
  readonly hosts: readonly LabHost[];
}

/** The settings as they are written: by flag, by environment variable, or kept from `up`. */
export interface WrittenSettings {
  readonly dir?: string;
  readonly cache?: string;
  readonly bridge?: string;
  readonly network?: string;
  readonly aptPort?: string;
  readonly hosts?: string;
}

export const SETTINGS: readonly {
  readonly key: keyof WrittenSettings;
  readonly flag: string;
  readonly variable: string;
  readonly fallback: string;
  readonly meaning: string;
}[] = [
  {
    key: 'hosts',
    flag: '--hosts',
    variable: 'FANOPS_LAB_HOSTS',
    fallback: '3',
    meaning: 'how many (db1, db2, …), or their names: a,b,c',
  },
  {
    key: 'network',
    flag: '--network',
    variable: 'FANOPS_LAB_NETWORK',
    fallback: '10.99.77.0/24',
    meaning: 'hosts from .11 on, this machine .1',
  },
  {
    key: 'bridge',
    flag: '--bridge',
    variable: 'FANOPS_LAB_BRIDGE',
    fallback: 'fanopsbr',
    meaning: 'bridge; all other names begin with it',
  },
  {
    key: 'dir',
    flag: '--dir',
    variable: 'FANOPS_LAB_DIR',
    fallback: '/var/lib/fanops-lab',
    meaning: 'disks, keys, snapshots',
  },
  {
    key: 'cache',
    flag: '--cache',
    variable: 'FANOPS_LAB_CACHE',
    fallback: '/var/cache/fanops-lab',
    meaning: 'root file systems, packages',
  },
  {
    key: 'aptPort',
    flag: '--apt-port',
    variable: 'FANOPS_LAB_APT_PORT',
    fallback: '3142',
    meaning: 'port of the proxy for apt',
  },
];

/** The host number 1 gets the network's address number 11. */
const FIRST_HOST = 11;

/** Settings from texts; what is not given has its default. Throws an InputError with every mistake. */
export function readSettings(written: WrittenSettings): LabSettings {
  const mistakes: Diagnostic[] = [];
  const text = (key: keyof WrittenSettings) =>
    written[key] ?? (SETTINGS.find((s) => s.key === key)?.fallback as string);
  const wrong = (key: keyof WrittenSettings, expected: string) => {
    const { flag, variable } = SETTINGS.find((s) => s.key === key) as (typeof SETTINGS)[number];
    mistakes.push({
      severity: 'error',
      message: `${variable} (${flag}): expected ${expected}, found "${text(key)}"`,
    });
  };

  const names = hostNames(text('hosts'));
  if (names === undefined) wrong('hosts', 'a number from 1 to 99, or different names of a-z, 0-9 and "-"');
  const network = parseNetwork(text('network'));
  const wanted = FIRST_HOST + (names?.length ?? 0);
  if (network === undefined || sizeOf(network) < wanted + 1)
    wrong('network', `an IPv4 network like 10.99.77.0/24 with room for ${wanted} addresses`);
  // The kernel allows 15 characters for a link; ours are the bridge's name and "-99".
  if (!/^[a-z][a-z0-9]{0,11}$/.test(text('bridge')))
    wrong('bridge', 'at most 12 characters of a-z and 0-9, a letter first');
  // The directories stand in mount options, where "," and ":" separate.
  for (const key of ['dir', 'cache'] as const)
    if (!isAbsolute(text(key)) || /[,:\s\\]/.test(text(key)) || /^\/+[^/]*\/*$/.test(text(key)))
      wrong(key, 'an absolute path below a top directory, without blanks, ",", ":" and "\\"');
  const aptPort = Number(text('aptPort'));
  if (!Number.isInteger(aptPort) || aptPort < 1 || aptPort > 65535)
    wrong('aptPort', 'a port from 1 to 65535');

  if (mistakes.length > 0 || network === undefined || names === undefined) throw new InputError(mistakes);
  return {
    dir: text('dir'),
    cache: text('cache'),
    bridge: text('bridge'),
    network,
    gateway: addressAt(network, 1),
    aptPort,
    hosts: names.map((name, index) => ({
      name,
      number: index + 1,
      address: addressAt(network, FIRST_HOST + index),
    })),
  };
}

/** The inverse of `readSettings`. */
export function writeSettings(settings: LabSettings): Required<WrittenSettings> {
  return {
    dir: settings.dir,
    cache: settings.cache,
    bridge: settings.bridge,
    network: formatNetwork(settings.network),
    aptPort: String(settings.aptPort),
    hosts: settings.hosts.map((host) => host.name).join(','),
  };
}

/** The host of that name; a mistake that names the hosts there are. */
export function hostNamed(settings: LabSettings, name: string): LabHost {
  const host = settings.hosts.find((h) => h.name === name);
  if (host) return host;
  const names = settings.hosts.map((h) => h.name).join(', ');
  throw new InputError([
    { severity: 'error', message: `expected a host of the lab (${names}), found "${name}"` },
  ]);
}

/** What belongs to a host on the outer machine (cgroup, namespace) is named so. */
export function outerName(settings: LabSettings, host: LabHost | 'apt'): string {
  return `${settings.bridge}-${host === 'apt' ? host : host.name}`;
}

function hostNames(text: string): string[] | undefined {
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    return count >= 1 && count <= 99 ? Array.from({ length: count }, (_, i) => `db${i + 1}`) : undefined;
  }
  const names = text.split(',');
  const sound = names.every((name) => /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(name) && name !== 'apt');
  return sound && new Set(names).size === names.length && names.length <= 99 ? names : undefined;
}
