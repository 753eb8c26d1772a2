import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** What a page answered. */
export interface HttpInfo {
  readonly status: number;
  /** Its last 16 KiB. */
  readonly body: string;
}

/** Seconds. */
const PATIENCE = 5;

/** A page, asked for from the host by its curl; whoever does not answer is absent. */
export const http: FactKind<string, HttpInfo> = {
  name: 'http',
  scope: 'host',
  timeoutMs: 60_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      sh`try() {`,
      sh`if ! command -v curl >/dev/null; then printf 'http\\0%s\\0none\\0\\0' "$1"; return; fi`,
      sh`said=$(curl -q -sS -g --proto =http,https -m ${PATIENCE} -w '\\n%{http_code}' --url "$1" </dev/null 2>&1 | tail -c 16384 | tr -d '\\000'); printf 'http\\0%s\\0%d\\0%s\\0' "$1" 0 "$said"`,
      sh`}`,
      ...[...new Set(subjects)].map((url) => sh`try ${url} &`),
      sh`wait`,
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { http: 3 }), 'http');
    return subjects.map((subject) => {
      const [, status, said = ''] = answers.get(subject) ?? [];
      if (status === undefined) return unanswered(answer, subject);
      if (status === 'none')
        return unreadable('curl is not on this host: install it (package: {name: curl})');
      const code = Number(said.slice(-3));
      const body = said.slice(0, -3).replace(/\n+$/, '');
      if (!code) return unreadable(body.trim().split('\n')[0] || 'no answer');
      return found({ status: code, body });
    });
  },

  dependsOn: (subject) => [{ on: 'outside', name: subject }],
};

export function httpFact(url: string): FactRequest<HttpInfo> {
  return { kind: 'http', subject: url };
}
