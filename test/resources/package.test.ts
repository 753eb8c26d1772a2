import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { packageFact } from '../../src/facts/package.ts';
import { packageVersionsFact } from '../../src/facts/package-versions.ts';
import { packageResource } from '../../src/resources/package.ts';
import { expectCalls, type OnMachine, useMachine } from './calls.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { plan } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<OnMachine>('package');
useMachine(test);

const CURL = value({ version: '7.88', held: false });
const HELD = value({ version: '7.88', held: true });

function versioned(installed: Looked<unknown>, ...available: string[]) {
  return facts([packageFact('curl'), installed], [packageVersionsFact('curl'), value({ available })]);
}

const VERSIONS: readonly Case[] = [
  {
    title: 'the version named is installed',
    args: { name: 'curl', version: '7.90-1' },
    facts: versioned(ABSENT, '7.90-1', '7.88'),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'curl', after: '7.90-1' }] },
    commands: [
      {
        display: 'apt-get install curl=7.90-1',
        script: /\napt install --no-install-recommends -- curl=7\.90-1$/,
      },
    ],
  },
  {
    title: 'of those that fit, the newest is installed',
    args: { name: 'curl', version: '7.*' },
    facts: versioned(ABSENT, '7.9', '7.10', '8.0'),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'curl', after: '7.10' }] },
    commands: [{ display: 'apt-get install curl=7.10' }],
  },
  {
    title: 'one that fits already is not upgraded',
    args: { name: 'curl', version: '7.*' },
    facts: versioned(CURL, '7.90'),
    change: NOTHING,
  },
  {
    title: 'a newer one is an upgrade, which restarts what runs from it',
    args: { name: 'curl', version: '7.90' },
    facts: versioned(CURL, '7.90'),
    change: {
      action: 'update',
      risk: 'restarts',
      fields: [{ field: 'curl', before: '7.88', after: '7.90' }],
      reason: /^an upgrade/,
    },
    commands: [{ script: /\napt install --no-install-recommends -- curl=7\.90$/ }],
  },
  {
    title: 'an older one is a downgrade, and called so',
    args: { name: 'curl', version: '7.9' },
    facts: versioned(CURL, '7.90', '7.9'),
    change: {
      action: 'update',
      risk: 'interrupts',
      fields: [{ field: 'curl', before: '7.88', after: '7.9' }],
      reason: /^a downgrade: what the newer version has written .* may not be readable/,
    },
    commands: [{ script: /--no-install-recommends --allow-downgrades -- curl=7\.9$/ }],
  },
  {
    title: 'one that is not to be had is refused, with those that are',
    args: { name: 'curl', version: '9.0' },
    facts: versioned(CURL, '7.90', '7.88'),
    change: refusal(/^package curl is not to be had in version 9\.0; there are: 7\.90, 7\.88 /),
  },
  {
    title: 'where no list names it, that is said',
    args: { name: 'curl', version: '9.0' },
    facts: versioned(ABSENT),
    change: refusal(/^apt knows no version of package curl: fetch its lists \(update: true\)/),
  },
  {
    title: 'where the lists are still to be fetched, apt decides',
    args: { name: 'curl', version: '9.*', update: true },
    facts: versioned(ABSENT),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'curl', after: '9.*' }] },
    commands: [{ script: /-- 'curl=9\.\*'$/ }],
  },
  {
    title: 'one that is held is not changed behind the back of whoever held it',
    args: { name: 'curl', version: '7.90' },
    facts: versioned(HELD, '7.90'),
    change: refusal(/^package curl is held at 7\.88: say what becomes of it with hold: true or false$/),
  },
];

const HOLDS: readonly Case[] = [
  {
    title: 'one is held',
    args: { name: ['curl', 'jq'], hold: true },
    facts: facts([packageFact('curl'), CURL], [packageFact('jq'), HELD]),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'curl hold', before: false, after: true }],
    },
    commands: [{ script: 'set -eu\napt-mark hold -- curl', display: 'apt-mark hold curl' }],
  },
  {
    title: 'one is no longer held',
    args: { name: 'curl', hold: false },
    facts: facts([packageFact('curl'), HELD]),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'curl hold', before: true, after: false }],
    },
    commands: [{ script: 'set -eu\napt-mark unhold -- curl' }],
  },
  {
    title: 'one that is held gets its new version where the task holds it, too',
    args: { name: 'curl', version: '7.90', hold: true },
    facts: versioned(HELD, '7.90'),
    change: {
      action: 'update',
      risk: 'restarts',
      fields: [{ field: 'curl', before: '7.88', after: '7.90' }],
      reason: /^an upgrade/,
    },
    commands: [{ script: /--no-install-recommends --allow-change-held-packages -- curl=7\.90$/ }],
  },
  {
    title: 'one that is missing is installed, then held',
    args: { name: 'curl', hold: true },
    facts: facts([packageFact('curl'), ABSENT]),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'curl', after: 'installed' },
        { field: 'curl hold', after: true },
      ],
    },
    commands: [{ display: 'apt-get install curl' }, { display: 'apt-mark hold curl' }],
  },
];

const CASES: readonly Case[] = [
  {
    title: 'one that is missing is installed',
    args: { name: 'jq' },
    facts: facts([packageFact('jq'), ABSENT]),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'jq', after: 'installed' }] },
    commands: [
      {
        display: 'apt-get install jq',
        script: /\napt install --no-install-recommends -- jq$/,
        timeoutMs: 3_600_000,
      },
    ],
    touches: [{ on: 'anything' }],
    registered: { packages: ['jq'] },
  },
  {
    title: 'of several only those that are missing are installed, with what they recommend if wished',
    args: { name: ['jq', 'curl', 'vim'], recommends: true },
    facts: facts([packageFact('jq'), ABSENT], [packageFact('curl'), CURL], [packageFact('vim'), ABSENT]),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'jq', after: 'installed' },
        { field: 'vim', after: 'installed' },
      ],
    },
    commands: [
      { display: 'apt-get install jq vim', script: /\napt install --install-recommends -- jq vim$/ },
    ],
    registered: { packages: ['jq', 'curl', 'vim'] },
  },
  {
    title: 'lists are fetched first where they are old and that is wished',
    args: { name: 'jq', update: true },
    facts: facts([packageFact('jq'), ABSENT]),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'jq', after: 'installed' }] },
    commands: [{ script: /-mmin -60\)" \] \|\| update\n/ }],
  },
  {
    title: 'those that are there are left alone, whatever their version',
    args: { name: ['curl'], update: true, recommends: true, start_services: false },
    facts: facts([packageFact('curl'), CURL]),
    change: NOTHING,
  },
  {
    title: 'one that is held and there is as wanted',
    args: { name: 'curl' },
    facts: facts([packageFact('curl'), HELD]),
    change: NOTHING,
  },
  {
    title: 'those that are not wanted are removed, which may stop what runs',
    args: { name: ['curl', 'jq'], state: 'absent' },
    facts: facts([packageFact('curl'), CURL], [packageFact('jq'), ABSENT]),
    change: {
      action: 'delete',
      risk: 'interrupts',
      fields: [{ field: 'curl', before: '7.88', after: 'absent' }],
    },
    commands: [{ display: 'apt-get remove curl', script: /\napt remove -- curl$/ }],
  },
  {
    title: 'those that are neither there nor wanted need nothing',
    args: { name: 'jq', state: 'absent' },
    facts: facts([packageFact('jq'), ABSENT]),
    change: NOTHING,
  },
  {
    title: 'one that is held is not removed',
    args: { name: 'curl', state: 'absent' },
    facts: facts([packageFact('curl'), HELD]),
    change: refusal(/package curl is held: apt-mark unhold curl first/),
  },
  {
    title: 'one that cannot be looked at stops all, and is not taken for missing',
    args: { name: ['jq', 'curl'] },
    facts: facts([packageFact('jq'), ABSENT], [packageFact('curl'), unreadable('no dpkg')]),
    change: refusal(/^could not look at package curl: no dpkg$/),
  },
  {
    title: 'one that cannot be looked at is not taken for removed',
    args: { name: 'curl', state: 'absent' },
    facts: facts([packageFact('curl'), unreadable('no dpkg')]),
    change: refusal(/^could not look at package curl: no dpkg$/),
  },
];

expectCases(test, packageResource, [...CASES, ...VERSIONS, ...HOLDS]);

expectRefusedArgs(
  test,
  packageResource,
  ['', '-y', 'jq-', 'jq=1.6', 'jq/sid', 'a b', '$(id)', './jq.deb', 'JQ', 'jq*', 'jq\n'].flatMap((name) => [
    { name },
    { name: ['curl', name] },
  ]),
);
expectRefusedArgs(test, packageResource, [
  {},
  { name: [] },
  { name: ['jq', 'jq'] },
  { name: 'jq', state: 'latest' },
  { name: ['jq', 'curl'], version: '1.0' },
  { name: 'jq', version: '-y' },
  { name: 'jq', version: '1 $(id)' },
  { name: 'jq', state: 'absent', hold: true },
  { name: 'jq', state: 'absent', version: '1' },
]);

const APT =
  'apt-get -y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold';

expectCalls(test, packageResource, [
  {
    title: 'packages that are missing are installed in one go, without fetching lists that know them',
    args: { name: ['curl', 'jq', 'etcd-server'] },
    state: { 'installed/curl': '1', 'available/jq': '', 'available/etcd-server': '' },
    calls: [
      `${APT} install --simulate --no-install-recommends -- jq etcd-server`,
      `${APT} install --no-install-recommends -- jq etcd-server`,
    ],
  },
  {
    title: 'lists that do not know a package are fetched first',
    args: { name: 'jq' },
    state: { 'upstream/jq': '' },
    calls: [
      `${APT} install --simulate --no-install-recommends -- jq`,
      `${APT} -o APT::Update::Error-Mode=any update`,
      `${APT} install --no-install-recommends -- jq`,
    ],
  },
  {
    title: 'packages that are all there need no call',
    args: { name: ['curl'], update: true },
    state: { 'installed/curl': '1' },
    calls: [],
  },
]);

const POLICIES: readonly (readonly [string, string | undefined, number, boolean])[] = [
  ['where there is none, one is made and removed again', undefined, 0, false],
  [
    'one left over by a run that was killed is taken over',
    '#!/bin/sh\n# fanops: no services\nexit 101\n',
    0,
    false,
  ],
  ["somebody else's that forbids services is kept", '#!/bin/sh\nexit 101\n', 0, true],
  ["somebody else's that allows services is kept, and nothing installed", '#!/bin/sh\nexit 0\n', 1, true],
];

for (const [title, before, status, kept] of POLICIES)
  test(`a policy against starting services: ${title}`, ({ machine }) => {
    const policy = join(machine.state, 'policy-rc.d');
    machine.write('available/etcd-server', '');
    if (before !== undefined) writeFileSync(policy, before, { mode: 0o755 });
    const args = { name: 'etcd-server', start_services: false };
    const { change, facts: seen } = plan(machine, packageResource, args);
    const [command] = packageResource.commands(args, change, seen);
    const script = command?.kind === 'shell' ? command.script : '';
    assert.match(script, '/usr/sbin/policy-rc.d');
    // The stub of apt-get notes what it would be told.
    const env = { ...machine.env, POLICY: policy };
    const run = spawnSync('sh', ['-c', script.replaceAll('/usr/sbin/policy-rc.d', policy)], {
      env,
      input: '',
    });
    assert.is(run.status, status, run.stderr.toString());
    assert.is(existsSync(policy), kept);
    if (kept) assert.is(readFileSync(policy, 'utf8'), before);
    assert.equal(machine.calls().filter((call) => call === 'policy 101').length, status === 0 ? 1 : 0);
  });

test.run();
