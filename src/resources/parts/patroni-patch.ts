import { lines, type Script, sh } from '../../core/shell.ts';

/** How long members may take to see a change: Patroni looks every `loop_wait`, 10 s unless it is set. Seconds. */
const SEEN_WITHIN = 60;
const PENDING_WITHIN = 30;

export const NEEDS_CURL_AND_JQ: Script = sh`for p in curl jq; do command -v "$p" >/dev/null || { echo "$p is not installed: it is needed to speak with Patroni" >&2; exit 1; }; done`;

/**
 * Sends the patch on stdin to the first member that answers, and waits until all that answer show the result; where
 * parameters need a restart, also until Patroni has marked the members (they are not marked where it finds that
 * nothing has to be restarted after all).
 */
export function patchConfig(urls: readonly string[], marks: boolean): Script {
  return lines(
    sh`set -eu; LC_ALL=C; export LC_ALL`,
    NEEDS_CURL_AND_JQ,
    sh`patch=$(cat); result=`,
    sh`get() { curl -sS --noproxy '*' --max-time 5 "$1" 2>/dev/null; }`,
    sh`for url in ${urls}; do`,
    sh`said=$(printf '%s' "$patch" | curl -sS --noproxy '*' --max-time 20 -X PATCH -H 'Content-Type: application/json' --data-binary @- -w '\n%{http_code}' "$url/config") || continue`,
    sh`status=$(printf '%s\\n' "$said" | tail -n 1); result=$(printf '%s\\n' "$said" | sed '$d')`,
    sh`[ "$status" = 200 ] && break`,
    sh`echo "Patroni at $url refused the change (HTTP status $status): $result" >&2; exit 1`,
    sh`done`,
    sh`[ -n "$result" ] || { echo 'no Patroni took the change' >&2; exit 1; }`,
    sh`wanted=$(printf '%s' "$result" | jq -S -c .)`,
    sh`n=0; while :; do late=; seen=`,
    sh`for url in ${urls}; do shown=$(get "$url/config" | jq -S -c . 2>/dev/null) && [ -n "$shown" ] || continue`,
    sh`if [ "$shown" = "$wanted" ]; then seen="$seen $url"; else late="$late $url"; fi; done`,
    sh`[ -n "$late" ] || [ -z "$seen" ] || break`,
    sh`n=$((n + 1)); [ $n -lt ${SEEN_WITHIN} ] || { echo "written, but not shown by$late" >&2; exit 1; }; sleep 1; done`,
    marks ? waitForMarks(urls) : undefined,
    sh`echo "shown by$seen"`,
  );
}

/** Each member marks itself in the DCS, where all see it. */
function waitForMarks(urls: readonly string[]): Script {
  const marked = '.members | length > 0 and all(.pending_restart == true)';
  return lines(
    sh`n=0; while [ $n -lt ${PENDING_WITHIN} ]; do unmarked=`,
    sh`for url in ${urls}; do shown=$(get "$url/cluster") && [ -n "$shown" ] || continue`,
    sh`printf '%s' "$shown" | jq -e ${marked} >/dev/null || unmarked=yes; done`,
    sh`[ -n "$unmarked" ] || break; n=$((n + 1)); sleep 1; done`,
  );
}
