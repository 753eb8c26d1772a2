import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines } from '../core/shell.ts';
import type { Json } from '../core/value.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { askPatroni, jsonOf } from './patroni-rest.ts';
import { PROLOGUE } from './stat.ts';

export type Settings = { readonly [name: string]: Json };

/** Patroni's dynamic configuration, as one member sees it. */
export interface PatroniConfig {
  readonly settings: Settings;
  /** Where the members' REST interfaces are, the leader's first: "http://10.0.0.1:8008". */
  readonly urls: readonly string[];
}

/** Absent when no Patroni listens on the port, which is the subject. */
export const patroniConfig: FactKind<number, PatroniConfig> = {
  name: 'patroni_config',
  scope: 'host',
  timeoutMs: 20_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(PROLOGUE, ...subjects.map((port) => askPatroni(port, ['config', 'cluster']))).text,
  }),

  parse(answer, subjects) {
    const frames = framesOf(answer, { silent: 1, config: 2, cluster: 2 });
    const silent = byFirst(frames, 'silent');
    const config = byFirst(frames, 'config');
    const cluster = byFirst(frames, 'cluster');
    return subjects.map((subject) => {
      const port = String(subject);
      if (silent.has(port)) return ABSENT;
      return read(port, config.get(port)?.[1], cluster.get(port)?.[1], answer);
    });
  },

  dependsOn: () => [{ on: 'cluster', name: 'patroni' }],
};

export function patroniConfigFact(port = 8008): FactRequest<PatroniConfig> {
  return { kind: 'patroni_config', subject: port };
}

function read(
  port: string,
  config: string | undefined,
  cluster: string | undefined,
  answer: Answer,
): Looked<PatroniConfig> {
  if (config === undefined || cluster === undefined) return unanswered(answer, `Patroni on port ${port}`);
  try {
    return found({ settings: record(jsonOf(config), '/config'), urls: urlsIn(jsonOf(cluster)) });
  } catch (error) {
    return unreadable(
      `Patroni on port ${port} answered what could not be understood: ${(error as Error).message}`,
    );
  }
}

/** The leader knows of a change first. */
function urlsIn(cluster: unknown): string[] {
  const { members } = record(cluster, '/cluster');
  if (!Array.isArray(members)) return [];
  const isLeader = (m: Settings) => m.role === 'leader' || m.role === 'master';
  return members
    .map((member) => record(member, 'a member'))
    .sort((a, b) => Number(isLeader(b)) - Number(isLeader(a)))
    .flatMap(({ api_url: url }) =>
      typeof url === 'string' ? [url.replace(/^(https?:\/\/[^/]+).*$/, '$1')] : [],
    );
}

function record(value: unknown, what: string): Settings {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`expected ${what} to be an object`);
  return value as Settings;
}
