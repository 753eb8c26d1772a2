/** Something that ssh connects to, and with what: a host, or a jump host on the way to one. */
export interface SshPlace {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile?: string;
  /** Further keys, from ssh's configuration; absent: the user's usual ones. */
  readonly identityFiles?: readonly string[];
  /** Of the agent only the keys whose files are named. */
  readonly identitiesOnly?: boolean;
  /** Files of known host keys; empty: the user's own. */
  readonly knownHostsFiles: readonly string[];
  /** Under which name they have it, where that is not the address. */
  readonly hostKeyAlias?: string;
}

/** How a host is reached: from the inventory and the command line, and where these are silent, ssh's configuration. */
export interface Host extends SshPlace {
  readonly name: string;
  /** Where in the order of the inventory. */
  readonly index: number;
  readonly connection: 'ssh' | 'local';
  /** What nobody gave and is a default so far: ssh's configuration may know better. */
  readonly assumed?: readonly ('port' | 'user')[];
  /** `[user@]host[:port]`, several separated by commas, or `none`: as the inventory has it. */
  readonly proxyJump?: string;
  /** The jump hosts on the way, in their order. */
  readonly jumps?: readonly SshPlace[];
  /** Become root (by sudo) for everything unless a task says otherwise. */
  readonly become: boolean;
  /** Who runs the tasks that become nobody, where the session becomes root only for those that do. */
  readonly plainUser?: string;
  /** Host state elsewhere than the default, for tests: see `Hello`. */
  readonly stateDir?: string;
  readonly runDir?: string;
}

/** What a host says of itself when the session begins; costs no round trip of its own. */
export interface Hello {
  readonly hostname: string;
  /** `ID` and `VERSION_CODENAME` of /etc/os-release. */
  readonly distribution: string;
  readonly codename: string;
  readonly architecture: string;
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryMb: number;
  readonly bootId: string;
  readonly uid: number;
  readonly user: string;
  readonly systemd: boolean;
  /** Handlers that an earlier run notified and never ran. */
  readonly pendingHandlers: readonly string[];
}
