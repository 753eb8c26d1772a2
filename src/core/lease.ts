/** Who wants to change a host, and why. */
export interface LeaseWanted {
  readonly run: string;
  /** `alice@workstation` */
  readonly holder: string;
  /** ISO 8601 */
  readonly since: string;
  readonly message: string;
}

/** The right of one run to change a host: held until it is given back, however long its holder is silent. */
export interface Lease extends LeaseWanted {
  /** Grows with every taking: the host begins nothing that was sent with an older one. */
  readonly token: number;
}
