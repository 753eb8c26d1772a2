import { type Script, sh } from '../core/shell.ts';

/**
 * Asks Patroni's REST interface on this host with nothing but bash, which is essential on Debian (curl is not).
 * Patroni often listens on one address only, so the kernel is asked which; when nobody listens, that is sure.
 * The kernel writes addresses as the machine's words: backwards on what Debian runs on.
 */
const ASK = `
port=$1; shift
hex=$(printf '%04X' "$port"); address=
listening=$(grep -h ": [0-9A-F]*:$hex [0-9A-F:]* 0A " /proc/net/tcp) || [[ $? == 1 ]] || exit 3
while read -r _ local _; do
  [[ -n $local ]] || continue
  a=\${local%:*}
  address=$((16#\${a:6:2})).$((16#\${a:4:2})).$((16#\${a:2:2})).$((16#\${a:0:2}))
done <<<"$listening"
grep -q ": 0*:$hex [0-9A-F:]* 0A " /proc/net/tcp6 2>/dev/null && address=\${address:-::1}
[[ -n $address ]] || { printf 'silent\\0%s\\0' "$port"; exit 0; }
[[ $address == 0.0.0.0 ]] && address=127.0.0.1
for page do
  exec 3<>"/dev/tcp/$address/$port" || exit 4
  printf 'GET /%s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n' "$page" "$address" >&3
  printf '%s\\0%s\\0' "$page" "$port"; tr -d '\\000' <&3; printf '\\0'
  exec 3<&-
done`;

/** Frames: one `PAGE port response` for each page, or `silent port`. */
export function askPatroni(port: number, pages: readonly string[]): Script {
  return sh`timeout 8 bash -c ${ASK} patroni ${port} ${pages}`;
}

/** The body of an HTTP answer. 503 is Patroni's way to say "not running"; its body is as good. */
export function jsonOf(response: string): unknown {
  const [head = '', ...body] = response.split('\r\n\r\n');
  const status = /^HTTP\/1\.[01] (\d+)/.exec(head)?.[1];
  if (status !== '200' && status !== '503') throw new Error(`HTTP status ${status ?? 'missing'}`);
  return JSON.parse(body.join('\r\n\r\n'));
}

/** When the host answered, in seconds since 1970 by its own clock; undefined where it did not say. */
export function answeredAt(response: string): number | undefined {
  const date = /^Date: *([^\r]*)/im.exec(response)?.[1];
  const at = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(at) ? undefined : at / 1000;
}
