import type { PatroniView } from '../../src/facts/patroni-view.ts';
import { viewOf } from '../facts/patroni-server.ts';

/** All three members run on one timeline, and db1 leads. */
export const HEALTHY: PatroniView = {
  ...viewOf(false),
  members: viewOf(false).members.map((m) => ({ ...m, state: 'running', timeline: 4 })),
};

/** As one sees it who believes that db2 leads. */
export const STALE: PatroniView = {
  ...HEALTHY,
  members: HEALTHY.members.map((m) => ({ ...m, role: m.name === 'db2' ? 'leader' : 'replica' })),
};
