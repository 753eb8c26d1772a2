import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered } from './frames.ts';
import { PROLOGUE } from './stat.ts';

export type PortSubject = {
  /** Name or address, as the host sees it. */
  readonly host: string;
  readonly port: number;
};

export interface PortInfo {
  readonly open: boolean;
  /** Why not: "Connection refused", "no answer within 3 s". */
  readonly reason: string;
}

/**
 * Whether a TCP connection from the host succeeds. By bash's /dev/tcp: bash is essential on Debian, while a
 * minimal host has neither nc nor curl. All are tried at the same time.
 */
export const port: FactKind<PortSubject, PortInfo> = {
  name: 'port',
  scope: 'host',
  timeoutMs: 15_000,
  mayHang: true,

  look(subjects) {
    const connect = 'exec 3<>"/dev/tcp/$1/$2"';
    const script = lines(
      PROLOGUE,
      sh`try() { said=$(timeout 3 bash -c ${connect} port "$1" "$2" 2>&1); printf 'port\\0%s %s\\0%d\\0%s\\0' "$1" "$2" $? "$said"; }`,
      ...subjects.map((s) => sh`try ${s.host} ${s.port} &`),
      sh`wait`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { port: 3 }), 'port');
    return subjects.map(({ host, port: number }) => {
      const [, status, said = ''] = answers.get(`${host} ${number}`) ?? [];
      if (status === undefined || status === '127') return unanswered(answer, `${host}:${number}`);
      return found({ open: status === '0', reason: reasonOf(status, said) });
    });
  },

  dependsOn: ({ host, port: number }) => [{ on: 'outside', name: `${host}:${number}` }],
};

export function portFact(host: string, number: number): FactRequest<PortInfo> {
  return { kind: 'port', subject: { host, port: number } };
}

function reasonOf(status: string, said: string): string {
  if (status === '0') return '';
  if (status === '124') return 'no answer within 3 s';
  return said.trim().split('\n').at(-1)?.split(': ').at(-1) ?? '';
}
