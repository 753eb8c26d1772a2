// Whether the machines that answer are the ones that the inventory means.
import * as assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { Looked } from '../../src/core/fact.ts';
import { type Machine, machineFact } from '../../src/facts/machine.ts';
import { hostFacts } from '../../src/resources/host-facts.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('host_facts');
const args = { members: 'db' };

function machine(name: string, more: Partial<Machine> = {}): Looked<Machine> {
  return value({
    hostname: name,
    machineId: `m-${name}`,
    bootId: `b-${name}`,
    patroniName: name,
    trouble: '',
    ...more,
  });
}

function registered(members: { readonly [host: string]: Looked<Machine> }) {
  const view = viewOfMembers(
    Object.fromEntries(
      Object.entries(members).map(([host, looked]) => [
        host,
        facts([machineFact('/etc/patroni/config.yml'), looked]),
      ]),
    ),
  );
  return hostFacts.registered(args, hostFacts.diff(args, view), [], view);
}

const CASES: readonly [
  title: string,
  members: { readonly [host: string]: Looked<Machine> },
  wrong: readonly RegExp[],
][] = [
  ['as it should be', { db1: machine('db1'), db2: machine('db2') }, []],
  ['a full name', { db1: machine('db1', { hostname: 'db1.example.org' }), db2: machine('db2') }, []],
  [
    'a full name in the inventory',
    { 'db1.example.org': machine('db1', { patroniName: '' }), db2: machine('db2') },
    [],
  ],
  ['a name of the cloud', { db1: machine('db1', { hostname: 'ip-10-0-0-1' }), db2: machine('db2') }, []],
  ['a new machine', { db1: machine('db1'), db2: machine('debian', { patroniName: '' }) }, []],
  [
    'another member of the cluster',
    { db1: machine('db1'), db2: machine('db3') },
    [/address of db2 answers db3, whose Patroni is the member db3 .*correct ansible_host of db2/],
  ],
  [
    "another member's machine that has no Patroni yet",
    { db1: machine('db1'), db2: machine('db3', { patroniName: '' }), db3: machine('x', { patroniName: '' }) },
    [/address of db2 answers a machine that calls itself db3/],
  ],
  [
    'one machine behind two names',
    { db1: machine('db1'), db2: machine('db1', { patroniName: 'db2', hostname: 'x' }) },
    [/^db1 and db2 are one machine \(machine-id m-db1\)/],
  ],
  [
    'settings of Patroni that are there and tell nothing',
    { db1: machine('db1'), db2: machine('db2', { patroniName: '', trouble: 'read error on it' }) },
    [/who answers at the address of db2 is not known: .*config\.yml\) could not be read: read error on it/],
  ],
  [
    'machines made from one image',
    { db1: machine('db1', { machineId: 'm' }), db2: machine('db2', { machineId: 'm' }) },
    [],
  ],
];

for (const [title, members, wrong] of CASES)
  test(title, () => {
    const seen = registered(members);
    assert.equal(seen.wrong.length, wrong.length, seen.wrong.join('\n'));
    wrong.forEach((pattern, index) => {
      assert.match(seen.wrong[index] ?? '', pattern);
    });
  });

test('who could not be looked at is not called wrong', () => {
  const seen = registered({ db1: machine('db1'), db2: unreadable('no route'), db3: ABSENT });
  assert.deepEqual(seen, {
    members: [{ host: 'db1', hostname: 'db1', machine_id: 'm-db1', patroni_name: 'db1' }],
    wrong: [],
    unseen: ['db2', 'db3'],
  });
});

test.run();
