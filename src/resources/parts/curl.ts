import { Secret } from '../../core/secret.ts';
import { lines, type Script, sh } from '../../core/shell.ts';

/** A request, with everything that may be a secret. */
export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string | Secret])[];
  readonly body?: string | Secret;
  readonly seconds: number;
  readonly follow: boolean;
  readonly verify: boolean;
  readonly caFile?: string;
}

/** What stands between curl's configuration and the body, in a line of its own. */
const BODY = '# body';

/**
 * Reads from stdin curl's configuration and then the body: nothing of them is an argument. What the server says goes
 * to stdout, and behind it its status; that must be one of `wanted`, patterns of the shell.
 */
export function curlScript(hasBody: boolean, wanted: readonly string[]): Script {
  const words = hasBody ? sh` --data-binary @"$d"/body` : sh``;
  return lines(
    sh`set -eu`,
    sh`command -v curl >/dev/null || { echo 'curl is not on this host: install it (package: {name: curl})' >&2; exit 127; }`,
    sh`umask 077; d=$(mktemp -d)`,
    sh`trap 'rm -rf -- "$d"' EXIT; trap 'exit 143' HUP INT TERM`,
    sh`while IFS= read -r line && [ "$line" != ${BODY} ]; do printf '%s\\n' "$line"; done >"$d"/config`,
    sh`cat >"$d"/body`,
    sh`status=0; { said=$(curl -q -K "$d"/config${words} 2>&1 >&3) || status=$?; } 3>&1`,
    sh`code=\${said#"\${said%???}"}; said=\${said%???}`,
    sh`[ $status -eq 0 ] || { printf '%s\\n' "$said" >&2; exit $status; }`,
    sh`printf '\\n%s' "$code"`,
    sh`for wanted in ${wanted}; do case $code in $wanted) exit 0 ;; esac; done`,
    sh`printf 'expected HTTP status %s, found %s\\n' ${wanted.join(' or ').replaceAll('?', 'x')} "$code" >&2; exit 22`,
  );
}

/** The same request for stdin. */
export function curlInput(request: HttpRequest): string | Secret {
  const texts = [...request.headers.map(([, value]) => value), request.body ?? ''];
  const isSecret = texts.some((text) => text instanceof Secret);
  return isSecret ? Secret.open(input(request, true), input(request, false)) : input(request, true);
}

function input(request: HttpRequest, open: boolean): string {
  const { url, method, headers, body = '', seconds, follow, verify, caFile } = request;
  const text = (value: string | Secret) =>
    value instanceof Secret ? (open ? value.expose() : value.masked) : value;
  return [
    `url = ${quoted(url)}`,
    ...(method === 'HEAD' ? ['head'] : [`request = ${quoted(method)}`]),
    // A semicolon is how curl sends a header without a value.
    ...headers.map(
      ([name, value]) => `header = ${quoted(text(value) === '' ? `${name};` : `${name}: ${text(value)}`)}`,
    ),
    'silent',
    'show-error',
    'globoff',
    'proto = "=http,https"',
    'proto-redir = "=http,https"',
    `max-time = ${seconds}`,
    'write-out = "%{stderr}%{http_code}"',
    ...(follow ? ['location', 'max-redirs = 10'] : []),
    ...(verify ? [] : ['insecure']),
    ...(caFile === undefined ? [] : [`cacert = ${quoted(caFile)}`]),
    BODY,
    text(body),
  ].join('\n');
}

/** A value of curl's configuration. */
function quoted(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `"${escaped.replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}"`;
}
