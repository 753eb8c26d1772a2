import type { JsonSchema } from '../../core/resource.ts';
import { lines, type Script, sh } from '../../core/shell.ts';
import { absolutePath, duration } from './schema.ts';

/** Of a cluster or member: on one line, and not to be taken for an option. */
export function patroniName(description: string): JsonSchema {
  return { type: 'string', pattern: '^[^-\\s\\u0000-\\u001f][^\\u0000-\\u001f]*$', description };
}

/** Arguments of all actions that run patronictl. */
export const PATRONICTL: { readonly [name: string]: JsonSchema } = {
  cluster: patroniName("The cluster's name (Patroni's `scope`)."),
  config: absolutePath("Patroni's configuration; /etc/patroni/config.yml when absent."),
  port: {
    type: 'integer',
    minimum: 1,
    maximum: 65_535,
    default: 8008,
    description: "Of Patroni's REST interface.",
  },
  timeout: duration('How long it may take until the members run again; 2m when absent.'),
};

export type PatronictlArgs = {
  readonly cluster: string;
  readonly config?: string;
  readonly port?: number;
  readonly timeout?: string | number;
};

/**
 * Runs patronictl and believes only what it says: it exits with 0 even when Patroni refused. `success` must be
 * in its output.
 */
export function patronictl(
  { config = '/etc/patroni/config.yml' }: PatronictlArgs,
  words: readonly string[],
  success: string,
): Script {
  return lines(
    sh`set -u; status=0`,
    sh`ctl() { patronictl -c ${config} "$@" </dev/null; }`,
    sh`said=$(ctl ${words} 2>&1) || status=$?`,
    sh`printf '%s\\n' "$said"`,
    sh`[ $status -eq 0 ] || exit $status`,
    sh`case $said in *${success}*) ;; *) echo ${`patronictl ${words[0]} did not say "${success}": it was refused`} >&2; exit 1 ;; esac`,
  );
}

/** Waits until the members named are in their roles, running, and with no restart pending. */
export function untilMembers(
  { cluster }: PatronictlArgs,
  wanted: readonly { readonly member: string; readonly role: 'leader' | 'any' }[],
  seconds: number,
): Script {
  // Columns are found by their titles: which of them there are depends on the cluster.
  // Names come by the environment: awk would read a backslash in its own arguments.
  const program = `
    BEGIN { member = ENVIRON["MEMBER"]; role = ENVIRON["ROLE"] }
    NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
    $column["Member"] == member {
      pending = column["Pending restart"] ? $column["Pending restart"] : ""
      seen = $column["Role"] " " $column["State"]
      ok = ($column["State"] == "running" || $column["State"] == "streaming") && pending == ""
      if (role == "leader") ok = ok && $column["Role"] ~ /Leader/
    }
    END { print member ": " (seen == "" ? "not a member" : seen) (pending == "" ? "" : ", restart pending"); exit !ok }`;
  const checks = wanted.map(
    ({ member, role }) => sh`printf '%s\\n' "$list" | MEMBER=${member} ROLE=${role} awk -F '\\t' ${program}`,
  );
  const all = checks.reduce((left, right) => sh`${left} && ${right}`);
  return lines(
    sh`n=0; until list=$(ctl list -f tsv ${cluster} 2>&1) && seen=$( ${all} ); do`,
    sh`n=$((n + 1)); [ $n -lt ${seconds} ] || { echo "still not as wanted: \${seen:-$list}" >&2; exit 1; }; sleep 1`,
    sh`done; printf '%s\\n' "$seen"`,
  );
}
