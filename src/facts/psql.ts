import type { Answer, Looked } from '../core/fact.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unreadable } from './frames.ts';

/**
 * Defines `ask KEY PORT SQL`: over the local socket, as postgres (root becomes postgres, others try as they are);
 * one frame for each, `psql KEY STATUS OUTPUT`. A host without PostgreSQL has neither psql nor that account.
 */
export const ASK_PSQL: Script = lines(
  sh`ask() {`,
  sh`if ! command -v psql >/dev/null || ! getent passwd postgres >/dev/null; then printf 'psql\\0%s\\0none\\0\\0' "$1"; return; fi`,
  sh`become=; [ "$(whoami)" != root ] || become='runuser -u postgres --'`,
  sh`said=$(PGOPTIONS='-c statement_timeout=8s -c client_min_messages=error' PGCONNECT_TIMEOUT=5 timeout 12 $become psql -X -A -t -q -w -v ON_ERROR_STOP=1 -v VERBOSITY=terse -d postgres -p "$2" -c "$3" </dev/null 2>&1)`,
  sh`printf 'psql\\0%s\\0%d\\0%s\\0' "$1" $? "$said"`,
  sh`}`,
);

/** What `ask` printed, by key; absent where no PostgreSQL listens on the local socket of the port. */
export function psqlAnswers(answer: Answer): (key: string, port: number) => Looked<string> {
  const frames = byFirst(framesOf(answer, { psql: 3 }), 'psql');
  return (key, port) => {
    const [, status, said = ''] = frames.get(key) ?? [];
    if (status === '0') return found(said);
    if (status === 'none' || /: (No such file or directory|Connection refused)\s+Is the server/.test(said))
      return ABSENT;
    const reason = said.trim().split('\n')[0] || `exit status ${status ?? answer.status}`;
    return unreadable(`PostgreSQL on port ${port} could not be asked: ${reason}`);
  };
}
