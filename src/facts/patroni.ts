import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { answeredAt, askPatroni, jsonOf } from './patroni-rest.ts';
import { type PatroniView, viewFrom } from './patroni-view.ts';
import { PROLOGUE } from './stat.ts';

/** What this host's Patroni says; absent when nothing listens on its port. The subject is the port. */
export const patroni: FactKind<number, PatroniView> = {
  name: 'patroni',
  scope: 'host',
  timeoutMs: 20_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(PROLOGUE, ...subjects.map((port) => askPatroni(port, ['patroni', 'cluster']))).text,
  }),

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
    return found(viewFrom(jsonOf(own), jsonOf(cluster), answeredAt(own)));
  } catch (error) {
    return unreadable(
      `Patroni on port ${port} answered what could not be understood: ${(error as Error).message}`,
    );
  }
}
