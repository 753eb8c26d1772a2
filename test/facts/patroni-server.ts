import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Test } from 'uvu';
import type { PatroniView } from '../../src/facts/patroni-view.ts';

/** Answers as Patroni 3.0.2 gave them. */
export const OWN = {
  state: 'running',
  role: 'master',
  timeline: 4,
  pending_restart: true,
  database_system_identifier: '7397708120470393282',
  patroni: { version: '3.0.2', scope: 'fanatico-l1-cluster' },
};

const DB1 = {
  name: 'db1',
  role: 'leader',
  state: 'running',
  api_url: 'http://a:8008/patroni',
  host: '10.0.0.1',
  port: 5432,
  timeline: 4,
};
const DB2 = { ...DB1, name: 'db2', role: 'replica', host: '10.0.0.2', lag: 0 };
const DB3 = {
  ...DB2,
  name: 'db3',
  host: '10.0.0.3',
  lag: 'unknown',
  state: 'start failed',
  timeline: undefined,
};
export const CLUSTER = { members: [DB1, DB2, DB3] };

/** What OWN and CLUSTER come to. */
export function viewOf(pendingRestart: boolean): PatroniView {
  const member = { timeline: 4, state: 'running', pendingRestart: false };
  return {
    state: 'running',
    role: 'leader',
    timeline: 4,
    pendingRestart,
    scope: 'fanatico-l1-cluster',
    systemIdentifier: '7397708120470393282',
    dcsAge: null,
    paused: false,
    members: [
      { ...member, name: 'db1', role: 'leader', lag: null, host: '10.0.0.1' },
      { ...member, name: 'db2', role: 'replica', lag: 0, host: '10.0.0.2' },
      {
        ...member,
        name: 'db3',
        role: 'replica',
        lag: null,
        host: '10.0.0.3',
        state: 'start failed',
        timeline: null,
      },
    ],
  };
}

export interface WithServers {
  servers: ChildProcess[];
}

/** What a test serves is ended with it. */
export function useServers<T extends WithServers>(test: Test<T>): void {
  test.before.each((context) => {
    context.servers = [];
  });
  test.after.each(({ servers }) => {
    for (const server of servers) server.kill();
  });
}

/** A Patroni's REST interface with these answers; its port. */
export function serve(servers: ChildProcess[], answers: object): Promise<number> {
  const script = fileURLToPath(new URL('rest-server.mjs', import.meta.url));
  const server = spawn(process.execPath, [script, JSON.stringify(answers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  return new Promise((resolve) => server.stdout?.once('data', (chunk) => resolve(Number(chunk))));
}
