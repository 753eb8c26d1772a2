import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Secret } from '../core/secret.ts';

/** How hosts are reached. Everything has a default; times are in milliseconds. */
export interface TransportSettings {
  /** Socket of the ssh agent; default: SSH_AUTH_SOCK. Empty: no agent. */
  readonly agentSocket?: string;
  /** Private keys tried after the agent; a host's own `privateKeyFile` comes first. */
  readonly identityFiles?: readonly string[];
  /** Passphrases of key files, by path. */
  readonly passphrases?: ReadonlyMap<string, Secret>;
  /** What sudo asks for. */
  readonly becomePassword?: Secret | undefined;
  /** Where host keys are looked up, unless the host names files of its own. */
  readonly knownHostsFiles?: readonly string[];
  /** Adds the key of a host that is not known yet to the first known-hosts file. A changed key is refused always. */
  readonly acceptNew?: boolean;
  /** For the whole of connecting: TCP, host key, authentication. */
  readonly connectTimeoutMs?: number;
  /** A connection is given up after `count` unanswered questions, one every `intervalMs`. */
  readonly keepalive?: { readonly intervalMs: number; readonly count: number };
  /** How long a lost connection is tried again while a batch runs on the host. */
  readonly regainMs?: number;
}

export type Settings = Required<Omit<TransportSettings, 'becomePassword'>> &
  Pick<TransportSettings, 'becomePassword'>;

/** The settings with every default filled in. */
export function withDefaults(given: TransportSettings): Settings {
  const ssh = join(homedir(), '.ssh');
  return {
    agentSocket: given.agentSocket ?? process.env.SSH_AUTH_SOCK ?? '',
    identityFiles: given.identityFiles ?? ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((f) => join(ssh, f)),
    becomePassword: given.becomePassword,
    passphrases: given.passphrases ?? new Map(),
    knownHostsFiles: given.knownHostsFiles ?? [join(ssh, 'known_hosts'), '/etc/ssh/ssh_known_hosts'],
    acceptNew: given.acceptNew ?? false,
    connectTimeoutMs: given.connectTimeoutMs ?? 15_000,
    keepalive: given.keepalive ?? { intervalMs: 1_500, count: 3 },
    regainMs: given.regainMs ?? 300_000,
  };
}

/** A path as users write it: `~/` is the home directory. */
export function expandHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}
