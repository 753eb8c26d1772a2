/** How a host is reached: from the inventory and the command line. */
export interface Host {
  readonly name: string;
  /** Where in the order of the inventory. */
  readonly index: number;
  readonly connection: 'ssh' | 'local';
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly privateKeyFile?: string;
  /** Files of known host keys; empty: the user's own. */
  readonly knownHostsFiles: readonly string[];
  /** Become root (by sudo) for everything unless a task says otherwise. */
  readonly become: boolean;
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
