import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { found } from './frames.ts';
import { ASK_PSQL, psqlAnswers } from './psql.ts';
import { PROLOGUE } from './stat.ts';

/** When a changed setting takes effect. */
export type SettingContext =
  | 'internal'
  | 'postmaster'
  | 'sighup'
  | 'superuser-backend'
  | 'backend'
  | 'superuser'
  | 'user';

export interface PostgresSetting {
  readonly value: string;
  readonly context: SettingContext;
  /** It was changed in a file and waits for a restart. */
  readonly pendingRestart: boolean;
}

export interface Archiver {
  readonly archived: number;
  readonly failed: number;
  readonly lastArchived: string;
  readonly lastFailed: string;
}

/** What a running PostgreSQL says of itself. */
export interface Postgres {
  readonly version: string;
  readonly inRecovery: boolean;
  readonly settings: { readonly [name: string]: PostgresSetting };
  readonly archiver: Archiver;
}

const QUESTION = `
SELECT json_build_object(
  'version', current_setting('server_version'),
  'inRecovery', pg_is_in_recovery(),
  'archiver', (SELECT json_build_object('archived', archived_count, 'failed', failed_count,
    'lastArchived', coalesce(last_archived_wal, ''), 'lastFailed', coalesce(last_failed_wal, '')) FROM pg_stat_archiver),
  'settings', (SELECT json_object_agg(name, json_build_object('value', setting, 'context', context,
    'pendingRestart', pending_restart)) FROM pg_settings))`;

/**
 * The PostgreSQL on this host, asked over its local socket as postgres (root becomes postgres, others try as they
 * are). Absent when none listens there. The subject is the port.
 */
export const postgres: FactKind<number, Postgres> = {
  name: 'postgres',
  scope: 'host',
  timeoutMs: 20_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(PROLOGUE, ASK_PSQL, ...subjects.map((port) => sh`ask ${port} ${port} ${QUESTION}`)).text,
  }),

  parse(answer, subjects) {
    const answers = psqlAnswers(answer);
    return subjects.map((port) => {
      const looked = answers(String(port), port);
      return looked.state === 'value' ? found(JSON.parse(looked.value) as Postgres) : looked;
    });
  },

  dependsOn: () => [
    { on: 'cluster', name: 'patroni' },
    { on: 'unit', name: 'patroni.service' },
    { on: 'unit', name: 'postgresql.service' },
  ],
};

export function postgresFact(port = 5432): FactRequest<Postgres> {
  return { kind: 'postgres', subject: port };
}
