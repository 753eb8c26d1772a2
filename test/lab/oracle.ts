// A client of the cluster that notes each commit that was acknowledged, and where in the WAL it lies.
import * as assert from 'node:assert/strict';
import type { Loss } from './objectives.ts';
import { onHost, sqlOn, textOn } from './on-lab.ts';

const SEGMENT = 16n * 1024n * 1024n;

export interface Commit {
  readonly n: number;
  /** The WAL ended here before it, and here after it. */
  readonly before: bigint;
  readonly after: bigint;
  /** When it was acknowledged; s since 1970. */
  readonly at: number;
}

/** Starts the client on a host, outside of what a recovery touches. */
export function startOracle(on: string, leads: string): void {
  sqlOn(leads, 'drop table if exists oracle; create table oracle (n int primary key)');
  onHost(on, 'rm -f /root/oracle; cat > /root/oracle.sh', CLIENT);
  onHost(on, 'systemd-run --quiet --unit=oracle bash /root/oracle.sh');
}

export function stopOracle(on: string): Commit[] {
  const noted = textOn(on, 'systemctl stop oracle; cat /root/oracle; rm -f /root/oracle /root/oracle.sh');
  return noted.split('\n').map((line) => {
    const [n, before = '', after = '', at] = line.split(' ');
    return { n: Number(n), before: position(before), after: position(after), at: Number(at) };
  });
}

/** Waits until the client has had so many commits more acknowledged. */
export function letItCommit(on: string, more: number): void {
  textOn(
    on,
    `count() { cat /root/oracle 2>/dev/null | wc -l; }; wanted=$(($(count) + ${more}))
     for ((i = 0; i < 600; i++)); do [ $(count) -lt $wanted ] || exit 0; sleep 0.1; done; exit 1`,
  );
}

/** A client that waits for its first commit, and notes when that was acknowledged. */
export function startWitness(on: string): void {
  onHost(on, 'rm -f /root/witness; cat > /root/witness.sh', WITNESS);
  onHost(on, 'systemd-run --quiet --unit=witness bash /root/witness.sh');
}

/** When the witness had its first commit acknowledged; s since 1970. */
export function witnessed(on: string): number {
  return Number(textOn(on, 'cat /root/witness; rm -f /root/witness /root/witness.sh'));
}

/** The longest time between two commits that were acknowledged, s. */
export function longestPause(commits: readonly Commit[]): number {
  const pauses = commits.slice(1).map(({ at }, before) => at - (commits[before]?.at ?? at));
  return Math.max(0, ...pauses);
}

/** What the leader does not have of what was acknowledged. */
export function lossOf(leads: string, commits: readonly Commit[]): Loss {
  const held = new Set(sqlOn(leads, 'select n from oracle').split('\n').map(Number));
  const there = commits.filter(({ n }) => held.has(n));
  const [last, kept] = [commits.at(-1), there.at(-1)];
  return {
    commits: commits.length - there.length,
    seconds: last === undefined || kept === undefined ? 0 : last.at - kept.at,
  };
}

/** The last segment in the WAL that a host's archive has. */
export function newestSegment(host: string): string {
  return newestOf(textOn(host, 'ls /var/backups/fanatico/wal').split('\n'));
}

/** The last segment of those that are stored under these names. */
export function newestOf(files: readonly string[]): string {
  const names = files.flatMap((file) => file.match(/^[0-9A-F]{24}(?=\.gz)/) ?? []);
  const place = (name: string): string => name.slice(8) + name;
  return names.sort((a, b) => (place(a) < place(b) ? -1 : 1)).at(-1) ?? assert.fail('no WAL is there');
}

/** Where it ends. */
export function endOfArchive(host: string): bigint {
  return endOf(newestSegment(host));
}

export function endOf(segment: string): bigint {
  const place = segment.slice(8);
  const number = BigInt(`0x${place.slice(0, 8)}`) * 256n + BigInt(`0x${place.slice(8)}`);
  return (number + 1n) * SEGMENT;
}

/** The table holds what lies before the end, and nothing that lies after it; one commit may lie across. */
export function assertHolds(leads: string, commits: readonly Commit[], end: bigint): string {
  const held = new Set(sqlOn(leads, 'select n from oracle').split('\n').map(Number));
  const wanted = commits.filter(({ after }) => after <= end);
  const gone = commits.filter(({ before }) => before >= end);
  assert.deepEqual(
    numbers(wanted.filter(({ n }) => !held.has(n))),
    [],
    'acknowledged and archived, and lost',
  );
  assert.deepEqual(numbers(gone.filter(({ n }) => held.has(n))), [], 'there, and cannot be');
  const known = new Set(numbers(commits));
  assert.deepEqual(
    [...held].filter((n) => !known.has(n)),
    [],
    'there, and never acknowledged',
  );
  assert.ok(
    wanted.length > 20 && gone.length > 0,
    `${wanted.length} before the end, ${gone.length} after it`,
  );
  return `${wanted.length} commits acknowledged and archived, all there; ${gone.length} never archived, none there`;
}

function numbers(commits: readonly Commit[]): number[] {
  return commits.map(({ n }) => n);
}

/** An LSN as a number. */
export function position(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

const CLIENT = `
exec 2>/root/oracle.log
export PGPASSWORD=$(cat /etc/fanatico/secrets/postgres-superuser) PGCONNECT_TIMEOUT=2
for ((n = 1; ; n++)); do
  position='select pg_current_wal_insert_lsn()'
  said=$(psql -XAtq -v ON_ERROR_STOP=1 "host=db1,db2,db3 user=postgres dbname=postgres target_session_attrs=read-write" \\
    -c "$position" -c "insert into oracle values ($n)" -c "$position") || { sleep 0.1; continue; }
  echo $n $said $EPOCHREALTIME >>/root/oracle
done
`;

const WITNESS = `
exec 2>/root/witness.log
export PGPASSWORD=$(cat /etc/fanatico/secrets/postgres-superuser) PGCONNECT_TIMEOUT=2
until psql -XAtq "host=db1,db2,db3 user=postgres dbname=postgres target_session_attrs=read-write" \\
  -c 'create table if not exists witness ()'; do sleep 0.1; done
echo $EPOCHREALTIME >/root/witness
`;
