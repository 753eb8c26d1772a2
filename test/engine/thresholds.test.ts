import * as assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import { mustStop } from '../../src/engine/thresholds.ts';
import { applied, recap, withHosts } from '../support/applied.ts';

const OUTCOMES = ['failed', 'timed-out', 'unreachable', 'in-doubt', 'stopped', 'stale'] as const;

test('no more than the share that a play bears may fail before all stop, whoever fails and how', () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.constantFrom(...OUTCOMES), { nil: undefined }), { minLength: 1, maxLength: 12 }),
      fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
      fc.constantFrom(...OUTCOMES),
      (batch, most, before) => {
        const hosts = batch.map((_, index) => `h${index}`);
        const ended = new Map(hosts.flatMap((host, i) => (batch[i] === undefined ? [] : [[host, batch[i]]])));
        // One that ended in an earlier batch is not counted again.
        ended.set('earlier', before);
        const bad = batch.filter((outcome) => outcome !== undefined);
        const bearable = bad.filter((outcome) => ['failed', 'timed-out', 'unreachable'].includes(outcome));
        const goesOn =
          bad.length === 0 ||
          (most !== undefined &&
            bad.length === bearable.length &&
            bad.length < batch.length &&
            bad.length * 100 <= most * batch.length);
        const play = most === undefined ? {} : { maxFailPercentage: most };
        assert.equal(mustStop({ ended } as never, play as never, hosts), !goesOn);
      },
    ),
    { numRuns: 2000, seed: 7 },
  );
});

interface Case {
  readonly title: string;
  readonly keys: string;
  readonly failing: readonly number[];
  /** Hosts on which the second task, the second play were done. */
  readonly second: string;
  readonly later: string;
}

const CASES: readonly Case[] = [
  { title: 'by default one failure stops all', keys: '', failing: [2], second: '', later: '' },
  { title: 'nobody fails', keys: '', failing: [], second: '1234', later: '1234' },
  {
    title: 'errors that are not fatal',
    keys: 'any_errors_fatal: false',
    failing: [1, 3],
    second: '24',
    later: '24',
  },
  { title: 'all of a batch', keys: 'any_errors_fatal: false', failing: [1, 2, 3, 4], second: '', later: '' },
  {
    title: 'as many as are borne',
    keys: 'max_fail_percentage: 50',
    failing: [1, 3],
    second: '24',
    later: '24',
  },
  {
    title: 'one more than is borne',
    keys: 'max_fail_percentage: 49',
    failing: [1, 3],
    second: '',
    later: '',
  },
  { title: 'in the first of two batches', keys: 'serial: 2', failing: [2], second: '', later: '' },
  { title: 'in the second of two batches', keys: 'serial: 2', failing: [4], second: '12', later: '' },
  {
    title: 'half of each batch',
    keys: 'serial: 2\n  max_fail_percentage: 50',
    failing: [1, 3],
    second: '24',
    later: '24',
  },
  {
    title: 'a whole batch',
    keys: 'serial: 2\n  any_errors_fatal: false',
    failing: [1, 2],
    second: '',
    later: '',
  },
];

for (const { title, keys, failing, second, later } of CASES)
  test(`${title} (${keys.replaceAll('\n', ',') || '-'}): ${second || 'nobody'} goes on`, () =>
    withHosts(4, async (hosts) => {
      const fails = failing.map((n) => `h${n}`).join(' ');
      const done = await applied(
        hosts,
        `
- hosts: db
  vars: { fails: "${fails}" }
  ${keys}
  tasks:
    - { name: one, command: { argv: [sh, -c, 'case " $1 " in *" $2 "*) exit 1; esac', x, "{{ fails }}", "{{ inventory_hostname }}"] } }
    - meta: flush_handlers
    - { name: two, command: { cmd: "touch {{ root }}/two" } }
- hosts: db
  tasks:
    - { name: three, command: { cmd: "touch {{ root }}/three" } }
`,
      );
      const having = (file: string): string =>
        hosts.names
          .filter((host) => existsSync(join(hosts.root(host), file)))
          .join('')
          .replaceAll('h', '');
      assert.deepEqual([having('two'), having('three')], [second, later]);
      assert.equal(done.outcome, failing.length === 0 ? 'done' : 'failed');
      // Hosts that were never reached are in the recap all the same.
      assert.deepEqual(Object.keys(recap(done.events).recap), hosts.names);
    }));

test('a host that failed is left alone by what is done once for all', () =>
  withHosts(2, async (hosts) => {
    const done = await applied(
      hosts,
      `
- hosts: db
  any_errors_fatal: false
  tasks:
    - { name: one, command: { cmd: "test {{ inventory_hostname }} = h2" } }
    - { name: two, command: { cmd: "touch {{ root }}/two" }, run_once: true }
`,
    );
    assert.equal(done.outcome, 'failed');
    assert.deepEqual(
      hosts.names.map((host) => existsSync(join(hosts.root(host), 'two'))),
      [false, true],
    );
  }));

test.run();
