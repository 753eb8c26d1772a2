/** One member as one Patroni sees it. */
export interface PatroniMember {
  readonly name: string;
  /** leader, replica, sync_standby, standby_leader. */
  readonly role: string;
  /** running, streaming, starting, stopped, "start failed" and more. */
  readonly state: string;
  /** null where Patroni does not know. */
  readonly timeline: number | null;
  /** Bytes behind the leader; null where Patroni does not know. */
  readonly lag: number | null;
  readonly host: string;
  readonly pendingRestart: boolean;
}

/** What one Patroni says: of itself, and of the cluster as it sees it. */
export interface PatroniView {
  readonly state: string;
  readonly role: string;
  readonly timeline: number | null;
  readonly pendingRestart: boolean;
  /** Empty where it is not known yet. */
  readonly scope: string;
  /** PostgreSQL's system identifier, a number too large for JavaScript; empty where it is not known yet. */
  readonly systemIdentifier: string;
  /** Seconds since it last reached the DCS: what it says of the others is as old. null where it does not say. */
  readonly dcsAge: number | null;
  /** Nobody is promoted, restarted or started. */
  readonly paused: boolean;
  readonly members: readonly PatroniMember[];
}

type Fields = { readonly [name: string]: unknown };

/** Reads the answers of `/patroni` and `/cluster`, given at that time (seconds since 1970). */
export function viewFrom(own: unknown, cluster: unknown, at?: number): PatroniView {
  const self = fields(own, '/patroni');
  const seenAt = numberOf(self.dcs_last_seen);
  const { members, pause } = fields(cluster, '/cluster');
  return {
    state: textOf(self.state),
    role: roleOf(self.role),
    timeline: numberOf(self.timeline),
    pendingRestart: self.pending_restart === true,
    scope: textOf((self.patroni as Fields | undefined)?.scope),
    systemIdentifier: textOf(self.database_system_identifier),
    dcsAge: at === undefined || seenAt === null ? null : at - seenAt,
    paused: pause === true,
    members: Array.isArray(members) ? members.map((m) => memberFrom(fields(m, 'a member'))) : [],
  };
}

/** Newer versions say "streaming" of a running replica. */
export function isRunning({ state }: { readonly state: string }): boolean {
  return state === 'running' || state === 'streaming';
}

export function leaderOf(members: readonly PatroniMember[]): PatroniMember | undefined {
  return members.find((m) => m.role === 'leader' || m.role === 'standby_leader');
}

function memberFrom(member: Fields): PatroniMember {
  return {
    name: textOf(member.name),
    role: roleOf(member.role),
    state: textOf(member.state),
    timeline: numberOf(member.timeline),
    lag: numberOf(member.lag),
    host: textOf(member.host),
    pendingRestart: member.pending_restart === true,
  };
}

function fields(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null) throw new Error(`expected ${what} to be an object`);
  return value as Fields;
}

/** Patroni has called a leader master, and calls it primary. */
function roleOf(value: unknown): string {
  return value === 'master' || value === 'primary' ? 'leader' : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
