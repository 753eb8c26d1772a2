import type { FactView } from '../../core/fact.ts';
import { patroniConfigFact, type Settings } from '../../facts/patroni-config.ts';
import { postgresFact } from '../../facts/postgres.ts';

/** A standby must not have less of these than the primary whose WAL it replays; with Patroni's defaults. */
const NOT_LESS: { readonly [name: string]: number } = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

/**
 * Parameters of which the leader runs with more than the configuration gives. Standbys cannot follow before it has
 * been restarted: Patroni starts them with the old value again.
 */
export function loweredParameters(
  port: number | undefined,
  postgresPort: number | undefined,
  facts: FactView,
): string[] {
  const running = facts.members
    .map((member) => facts.get(postgresFact(postgresPort), member))
    .flatMap((looked) => (looked.state === 'value' && !looked.value.inRecovery ? [looked.value] : []))[0];
  const [config] = facts.members
    .map((member) => facts.get(patroniConfigFact(port), member))
    .flatMap((looked) => (looked.state === 'value' ? [looked.value.settings] : []));
  if (!running || !config) return [];
  const parameters = ((config.postgresql as Settings | undefined)?.parameters ?? {}) as Settings;
  return Object.entries(NOT_LESS)
    .filter(
      ([name, byDefault]) =>
        Number(parameters[name] ?? byDefault) < Number(running.settings[name]?.value ?? Number.NaN),
    )
    .map(([name]) => name);
}
