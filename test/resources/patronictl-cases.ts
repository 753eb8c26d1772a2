import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { CLUSTER, OWN, serve, useServers, type WithServers } from '../facts/patroni-server.ts';
import { type OnMachine, useMachine } from './calls.ts';
import { apply } from './tiny-engine.ts';

export type WithPatroni = OnMachine & WithServers;

const TSV = 'Cluster\tMember\tHost\tRole\tState\tTL\tLag in MB\tPending restart\n';

/** What `patronictl list` says: db1 leads, db2 follows. */
export const LIST: string = `${TSV}c\tdb1\t10.0.0.1\tLeader\trunning\t4\t\t\nc\tdb2\t10.0.0.2\tReplica\trunning\t4\t0\t\n`;
export const PENDING: string = LIST.replace('running\t4\t\t\n', 'running\t4\t\t*\n');
export const SWITCHED: string = LIST.replace('Leader', 'x')
  .replace('Replica', 'Leader')
  .replace('x', 'Replica');

export interface PatronictlCase {
  readonly title: string;
  readonly args: object;
  /** What patronictl says to each of its verbs. */
  readonly says: { readonly [verb: string]: string };
  readonly status: number;
  readonly stderr?: RegExp;
}

/** A suite where every test has a machine with a patronictl, and may serve what Patroni answers. */
export function usePatroni(test: Test<WithPatroni>): void {
  useMachine(test);
  useServers(test);
}

/** Runs the action against a Patroni that answers and a patronictl that says what it is given. */
export function expectPatronictl(
  test: Test<WithPatroni>,
  resource: AnyResource,
  cases: readonly PatronictlCase[],
  risk = 'interrupts',
): void {
  for (const { title, args, says, status, stderr } of cases)
    test(`${title} is taken for what it is`, async ({ machine, servers }) => {
      const port = await serve(servers, { patroni: OWN, cluster: CLUSTER });
      for (const [verb, text] of Object.entries(says)) machine.write(`patronictl.${verb}`, text);
      const { before, results } = apply(machine, resource, { cluster: 'c', port, timeout: '1s', ...args });
      assert.equal([before.action, before.risk], ['run', risk], before.reason);
      assert.is(results[0]?.status, status, results[0]?.stderr);
      if (stderr) assert.match(results[0]?.stderr ?? '', stderr);
    });
}
