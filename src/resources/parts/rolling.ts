import { lines, type Script, sh } from '../../core/shell.ts';
import { NEEDS_CURL_AND_JQ } from './patroni-patch.ts';
import { type PatronictlArgs, patronictl, untilMembers } from './patronictl.ts';

export interface RollingArgs extends PatronictlArgs {
  /** The members' REST interfaces. */
  readonly urls: readonly string[];
}

/**
 * Restarts a member only while it is a replica, and waits until it runs and streams. That a restart is still pending
 * then is not held against it: where the leader's settings count (max_connections lowered), it needs a second one.
 */
export function restartReplica(args: RollingArgs, member: string, seconds: number): Script {
  const { cluster } = args;
  return lines(
    patronictl(args, ['restart', '--force', '--role', 'replica', cluster, member], success(member)),
    streams(args, seconds),
    sh`until_streams ${member}`,
  );
}

/** A leader that hands over is restarted by it, as a rule. */
export function restartOldLeader(args: RollingArgs, member: string, seconds: number): Script {
  const pends = '$1 == ENVIRON["MEMBER"] && $4 != "" { pends = 1 } END { exit !pends }';
  return lines(
    patronictl(args, ['list', args.cluster], ''),
    listRows(args),
    sh`rows | MEMBER=${member} awk -F '\\t' ${pends} || { echo ${`${member} was restarted when it handed over`}; exit 0; }`,
    restartReplica(args, member, seconds),
  );
}

export function restartLeader(args: RollingArgs, member: string, seconds: number): Script {
  const { cluster } = args;
  return lines(
    patronictl(args, ['restart', '--force', cluster, member], success(member)),
    untilMembers(args, [{ member, role: 'leader' }], seconds),
  );
}

/** After it, the old leader runs as a replica and streams from the new one. */
export function handOver(args: RollingArgs, from: string, to: string, seconds: number): Script {
  const words = ['switchover', '--leader', from, '--candidate', to, '--force', args.cluster];
  return lines(
    patronictl(args, words, `Successfully switched over to "${to}"`),
    streams(args, seconds),
    sh`until_streams ${from}`,
  );
}

/** Members that still wait (see restartReplica) are restarted once more, unless they lead. */
export function untilNothingPends(args: RollingArgs, members: readonly string[], seconds: number): Script {
  const { cluster } = args;
  const settled = members.map((member) => ({ member, role: 'any' }) as const);
  return lines(
    patronictl(args, ['list', '-f', 'tsv', cluster], ''),
    streams(args, seconds),
    sh`again=$(rows 2>/dev/null | awk -F '\\t' '$4 != "" && $2 !~ /Leader/ { print $1 }')`,
    sh`while read -r member; do [ -n "$member" ] || continue`,
    sh`ctl restart --force --role replica ${cluster} "$member" || exit 1; until_streams "$member"; done <<EOF\n$again\nEOF`,
    untilMembers(args, settled, seconds),
  );
}

/** "Success: restart on member db1" */
function success(member: string): string {
  return `Success: restart on member ${member}`;
}

/** Defines `rows`: member, role, state and pending restart of each member, found by the titles of the columns. */
function listRows({ cluster }: PatronictlArgs): Script {
  const program = `
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    { print $column["Member"] FS $column["Role"] FS $column["State"] FS (column["Pending restart"] ? $column["Pending restart"] : "") }`;
  return sh`rows() { ctl list -f tsv ${cluster} | awk -F '\\t' ${program}; }`;
}

/**
 * Defines `until_streams MEMBER`. Running is what Patroni's list says; streaming what the leader's PostgreSQL says of
 * its standbys in Patroni's REST interface: older versions of Patroni call a replica running that gets nothing.
 */
function streams({ cluster, urls }: RollingArgs, seconds: number): Script {
  const runs = `$1 == ENVIRON["MEMBER"] && $2 !~ /Leader/ && ($3 == "running" || $3 == "streaming") { found = 1 } END { exit !found }`;
  const leaderUrl = `[.members[] | select(.role == "leader" or .role == "master")][0].api_url // empty`;
  const isFed = `any(.replication[]?; .application_name == $member and .state == "streaming")`;
  return lines(
    listRows({ cluster }),
    NEEDS_CURL_AND_JQ,
    sh`rest() { curl -sS --noproxy '*' --max-time 5 "$1" 2>/dev/null; }`,
    sh`streams() { rows 2>/dev/null | MEMBER="$1" awk -F '\\t' ${runs} || return 1`,
    sh`for base in ${urls}; do cluster=$(rest "$base/cluster") && [ -n "$cluster" ] && break; done`,
    sh`url=$(printf '%s' "$cluster" | jq -r ${leaderUrl}) && [ -n "$url" ] || return 1`,
    sh`rest "$url" | jq -e --arg member "$1" ${isFed} >/dev/null; }`,
    sh`until_streams() { n=0; until streams "$1"; do n=$((n + 1))`,
    sh`[ $n -lt ${seconds} ] || { printf '%s is not a running and streaming replica:\\n' "$1" >&2; rows >&2; exit 1; }; sleep 1; done`,
    sh`printf '%s runs and streams\\n' "$1"; }`,
  );
}
