// Odd names of clusters and members reach patronictl as they are; what it would take for an option is refused.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { patroniConfig } from '../../src/resources/patroni-config.ts';
import { patroniPause } from '../../src/resources/patroni-pause.ts';
import { patroniReinit } from '../../src/resources/patroni-reinit.ts';
import { patroniRestart } from '../../src/resources/patroni-restart.ts';
import { patroniRollingRestart } from '../../src/resources/patroni-rolling-restart.ts';
import { patroniSwitchover } from '../../src/resources/patroni-switchover.ts';
import { servePatroni } from './patroni-server.ts';
import { usePatroni, type WithPatroni } from './patronictl-cases.ts';
import { schemaProblem } from './schema-check.ts';
import { SCRATCH } from './stub-machine.ts';
import { apply } from './tiny-engine.ts';

const test = suite<WithPatroni>('odd names in patroni_* actions');
usePatroni(test);

const NAMES = [
  'a b',
  'quotes \' and "',
  '$(touch pwned)`touch pwned`$HOME',
  'grüße;|&<>(){}[]!#%s*~\\n\\',
  'x --force',
];
const COLUMNS = 'Cluster\tMember\tHost\tRole\tState\tTL\tLag in MB\tPending restart\n';

function list(leader: string, replica: string): string {
  return `${COLUMNS}c\t${leader}\ta\tLeader\trunning\t1\t\t\nc\t${replica}\tb\tReplica\trunning\t1\t0\t\n`;
}

/** What patronictl is told about a replica of this name in a cluster of this name. */
const ACTIONS: readonly {
  readonly resource: AnyResource;
  readonly args: (name: string) => object;
  readonly says: (name: string) => { readonly [verb: string]: string };
  readonly told: (name: string) => string;
}[] = [
  {
    resource: patroniPause,
    args: () => ({ paused: true }),
    says: () => ({ pause: 'Success: cluster management is paused' }),
    told: (name) => `pause --wait ${name}`,
  },
  {
    resource: patroniRestart,
    args: (name) => ({ member: name }),
    says: (name) => ({ restart: `Success: restart on member ${name}`, list: list('db1', name) }),
    told: (name) => `restart --force ${name} ${name}`,
  },
  {
    resource: patroniReinit,
    args: (name) => ({ member: name }),
    says: (name) => ({ reinit: `Success: reinitialize for member ${name}`, list: list('db1', name) }),
    told: (name) => `reinit --force --wait ${name} ${name}`,
  },
  {
    resource: patroniSwitchover,
    args: (name) => ({ candidate: name }),
    says: (name) => ({ switchover: `Successfully switched over to "${name}"`, list: list(name, 'db1') }),
    told: (name) => `--candidate ${name}`,
  },
  {
    resource: patroniRollingRestart,
    args: () => ({ members: 'db' }),
    says: (name) => ({ restart: `Success: restart on member ${name}`, list: list('db1', name) }),
    told: (name) => `restart --force --role replica ${name} ${name}`,
  },
];

for (const { resource, args, says, told } of ACTIONS)
  test(`${resource.name} hands them on, and finds them again`, async ({ machine, servers }) => {
    for (const name of NAMES) {
      const port = await servePatroni(servers, membersWith(name));
      for (const [verb, text] of Object.entries(says(name))) machine.write(`patronictl.${verb}`, text);
      machine.write('calls', '');
      const dir = mkdtempSync(join(SCRATCH, 'fanops-names-'));
      const own = { cluster: name, config: join(dir, name), port, timeout: '1s', ...args(name) };
      assert.is(schemaProblem(resource.schema, own), undefined);
      const { before, results } = apply(machine, resource, own);
      assert.ok(before.action === 'run' || before.action === 'update', before.reason);
      for (const { status, stderr } of results) assert.is(status, 0, stderr);
      const calls = machine.calls();
      assert.ok(
        calls.some(
          (call) => call.startsWith(`patronictl -c ${join(dir, name)} `) && call.includes(told(name)),
        ),
        calls.join('\n'),
      );
      assert.equal(readdirSync(dir), []);
      rmSync(dir, { recursive: true });
    }
    for (const name of ['-rf', '--help', 'new\nline', ' x', '', 'a\tb'])
      assert.ok(schemaProblem(resource.schema, { cluster: name, ...args('db2') }), `${name} is refused`);
  });

function membersWith(name: string): object {
  const member = { state: 'running', timeline: 1 };
  return {
    members: [
      { ...member, name: 'db1', role: 'leader' },
      { ...member, name, role: 'replica', lag: 0, pending_restart: true },
    ],
    replication: [{ application_name: name, state: 'streaming' }],
  };
}

test('patroni_config sends every text as it is', async ({ machine, servers }) => {
  const port = await servePatroni(servers, { config: {} });
  for (const name of [...NAMES, '-rf', 'new\nline\n', '', '@/etc/passwd', 'x'.repeat(100_000)]) {
    const settings = { tags: { [name]: name, kept: [name] } };
    const { results, after } = apply(machine, patroniConfig, { members: 'db', settings, port });
    assert.is(results[0]?.status, 0, results[0]?.stderr);
    assert.is(after.action, 'none', after.reason);
  }
});

test.run();
