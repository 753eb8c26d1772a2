import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patroniConfigFact } from '../../src/facts/patroni-config.ts';
import { patroniPause } from '../../src/resources/patroni-pause.ts';
import { CLUSTER, OWN, serve } from '../facts/patroni-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { usePatroni, type WithPatroni } from './patronictl-cases.ts';
import { apply } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<WithPatroni>('patroni_pause');
usePatroni(test);

const seen = (settings: object) => facts([patroniConfigFact(), value({ settings, urls: [] })]);
const PAUSE = { cluster: 'c', paused: true };
const RESUME = { cluster: 'c', paused: false };

const CASES: readonly Case[] = [
  {
    title: 'a managed cluster is paused, and every member knows',
    args: PAUSE,
    facts: seen({ ttl: 30 }),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'paused', before: false, after: true }],
    },
    commands: [{ display: 'patronictl pause --wait c', script: /ctl pause --wait c /, timeoutMs: 120_000 }],
    touches: [{ on: 'cluster', name: 'patroni' }],
  },
  {
    title: 'a paused cluster is managed again: Patroni may restart or promote at once',
    args: { ...RESUME, timeout: '1m' },
    facts: seen({ pause: true }),
    change: {
      action: 'update',
      risk: 'interrupts',
      fields: [{ field: 'paused', before: true, after: false }],
    },
    commands: [{ display: 'patronictl resume --wait c', timeoutMs: 60_000 }],
  },
  { title: 'paused already', args: PAUSE, facts: seen({ pause: true }), change: NOTHING },
  { title: 'managed already', args: RESUME, facts: seen({ pause: false }), change: NOTHING },
  {
    title: 'no Patroni answers',
    args: PAUSE,
    facts: facts([patroniConfigFact(), ABSENT]),
    change: refusal(/^no Patroni answers on h1$/),
  },
  {
    title: 'a Patroni that cannot be understood is not taken for a managed one',
    args: RESUME,
    facts: facts([patroniConfigFact(), unreadable('HTTP status 404')]),
    change: refusal(/^HTTP status 404$/),
  },
];

expectCases(test, patroniPause, CASES);
expectRefusedArgs(test, patroniPause, [{ cluster: 'c' }, { paused: true }, { ...PAUSE, paused: 'yes' }]);

test('what patronictl says counts, not its exit status', async ({ machine, servers }) => {
  const port = await serve(servers, { patroni: OWN, cluster: CLUSTER, config: { ttl: 30 } });
  const said = (text: string) => {
    machine.write('patronictl.pause', text);
    return apply(machine, patroniPause, { ...PAUSE, port }).results[0];
  };
  assert.is(said('Success: cluster management is paused')?.status, 0);
  const refused = said('Failed: pause cluster management status code=503');
  assert.is(refused?.status, 1);
  assert.match(refused?.stderr ?? '', 'it was refused');
});

test.run();
