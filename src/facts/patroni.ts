import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, Script, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { type PatroniView, viewFrom } from './patroni-view.ts';
import { PROLOGUE } from './stat.ts';

/**
 * Asks Patroni's REST interface on this host with nothing but bash, which is essential on Debian (curl is not).
 * Patroni often listens on one address only, so the kernel is asked which; when nobody listens, that is sure.
 * The kernel writes addresses as the machine's words: backwards on what Debian runs on.
 */
const ASK = `
hex=$(printf '%04X' "$1"); address=
listening=$(grep -h ": [0-9A-F]*:$hex [0-9A-F:]* 0A " /proc/net/tcp) || [[ $? == 1 ]] || exit 3
while read -r _ local _; do
  [[ -n $local ]] || continue
  a=\${local%:*}
  address=$((16#\${a:6:2})).$((16#\${a:4:2})).$((16#\${a:2:2})).$((16#\${a:0:2}))
done <<<"$listening"
grep -q ": 0*:$hex [0-9A-F:]* 0A " /proc/net/tcp6 2>/dev/null && address=\${address:-::1}
[[ -n $address ]] || { printf 'silent\\0%s\\0' "$1"; exit 0; }
[[ $address == 0.0.0.0 ]] && address=127.0.0.1
for page in patroni cluster; do
  exec 3<>"/dev/tcp/$address/$1" || exit 4
  printf 'GET /%s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "$page" "$address" >&3
  printf '%s\\0%s\\0' "$page" "$1"; tr -d '\\000' <&3; printf '\\0'
  exec 3<&-
done`;

/** What this host's Patroni says; absent when nothing listens on its port. The subject is the port. */
export const patroni: FactKind<number, PatroniView> = {
  name: 'patroni',
  scope: 'host',
  timeoutMs: 20_000,
  mayHang: true,

  look(subjects) {
    const ask = new Script(ASK).text;
    return {
      kind: 'shell',
      script: lines(PROLOGUE, ...subjects.map((port) => sh`timeout 8 bash -c ${ask} patroni ${port}`))
        .text,
    };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { silent: 1, patroni: 2, cluster: 2 });
    const silent = byFirst(frames, 'silent');
    const own = byFirst(frames, 'patroni');
    const cluster = byFirst(frames, 'cluster');
    return subjects.map((subject) => {
      const port = String(subject);
      if (silent.has(port)) return ABSENT;
      return read(port, own.get(port)?.[1], cluster.get(port)?.[1], answer);
    });
  },

  dependsOn: () => [{ on: 'cluster', name: 'patroni' }],
};

export function patroniFact(port = 8008): FactRequest<PatroniView> {
  return { kind: 'patroni', subject: port };
}

function read(
  port: string,
  own: string | undefined,
  cluster: string | undefined,
  answer: Answer,
): Looked<PatroniView> {
  if (own === undefined || cluster === undefined) return unanswered(answer, `Patroni on port ${port}`);
  try {
    return found(viewFrom(jsonOf(own), jsonOf(cluster)));
  } catch (error) {
    return unreadable(
      `Patroni on port ${port} answered what could not be understood: ${(error as Error).message}`,
    );
  }
}

/** The body of an HTTP answer. 503 is Patroni's way to say "not running"; its body is as good. */
function jsonOf(response: string): unknown {
  const [head = '', ...body] = response.split('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d+)/.exec(head)?.[1];
  if (status !== '200' && status !== '503') throw new Error(`HTTP status ${status ?? 'missing'}`);
  return JSON.parse(body.join('\r\n\r\n'));
}
