import { suite } from 'uvu';
import { type UnitInfo, unitFact } from '../../src/facts/unit.ts';
import { service } from '../../src/resources/service.ts';
import { expectCalls, expectRefusedStates, type OnMachine, useMachine } from './calls.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { unitFile } from './stub-machine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<OnMachine>('service');
useMachine(test);

const STOPPED: UnitInfo = {
  load: 'loaded',
  active: 'inactive',
  sub: 'dead',
  file: 'disabled',
  needsReload: false,
  mainPid: 0,
};
const RUNNING: UnitInfo = { ...STOPPED, active: 'active', sub: 'running', file: 'enabled', mainPid: 42 };

function unit(info: UnitInfo, name = 'etcd.service') {
  return facts([unitFact(name), value(info)]);
}

const UNIT_ONLY = [
  { on: 'unit', name: 'etcd.service' },
  { on: 'path', path: '/etc/systemd' },
] as const;

const CASES: readonly Case[] = [
  {
    title: 'one that is stopped is started and enabled',
    args: { name: 'etcd', state: 'started', enabled: true },
    facts: unit(STOPPED),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'enabled', before: 'disabled', after: 'enabled' },
        { field: 'state', before: 'inactive', after: 'started' },
      ],
    },
    commands: [
      {
        script: 'set -eu\nsystemctl enable --quiet -- etcd.service\nsystemctl start -- etcd.service',
        display: 'systemctl: etcd.service enabled, started',
      },
    ],
    touches: [{ on: 'anything' }],
    registered: { name: 'etcd.service' },
  },
  {
    title: 'enabling alone touches systemd alone',
    args: { name: 'etcd.service', enabled: true },
    facts: unit(STOPPED),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'enabled', before: 'disabled', after: 'enabled' }],
    },
    commands: [{ script: 'set -eu\nsystemctl enable --quiet -- etcd.service' }],
    touches: UNIT_ONLY,
  },
  {
    title: 'disabling alone does not stop it',
    args: { name: 'etcd', enabled: false },
    facts: unit(RUNNING),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'enabled', before: 'enabled', after: 'disabled' }],
    },
    commands: [{ script: 'set -eu\nsystemctl disable --quiet -- etcd.service' }],
    touches: UNIT_ONLY,
  },
  {
    title: 'one that runs is as wanted',
    args: { name: 'etcd', state: 'started', enabled: true, daemon_reload: true },
    facts: unit(RUNNING),
    change: NOTHING,
  },
  {
    title: 'one that reads its settings again runs',
    args: { name: 'etcd', state: 'started' },
    facts: unit({ ...RUNNING, active: 'reloading' }),
    change: NOTHING,
  },
  ...['inactive', 'failed'].map(
    (active): Case => ({
      title: `one that is ${active} is stopped`,
      args: { name: 'etcd', state: 'stopped' },
      facts: unit({ ...STOPPED, active }),
      change: NOTHING,
    }),
  ),
  {
    title: 'one that failed is started again',
    args: { name: 'etcd', state: 'started' },
    facts: unit({ ...STOPPED, active: 'failed' }),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'state', before: 'failed', after: 'started' }],
    },
    commands: [{ script: 'set -eu\nsystemctl start -- etcd.service' }],
  },
  {
    title: 'one that is on its way is waited for',
    args: { name: 'etcd', state: 'started' },
    facts: unit({ ...RUNNING, active: 'activating' }),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'state', before: 'activating', after: 'started' }],
    },
    commands: [{ script: 'set -eu\nsystemctl start -- etcd.service' }],
  },
  {
    title: 'stopping one that runs interrupts',
    args: { name: 'etcd', state: 'stopped' },
    facts: unit(RUNNING),
    change: {
      action: 'update',
      risk: 'interrupts',
      fields: [{ field: 'state', before: 'active', after: 'stopped' }],
    },
    commands: [{ script: 'set -eu\nsystemctl stop -- etcd.service' }],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'a restart is done though it runs, and enables on the way',
    args: { name: 'etcd', state: 'restarted', enabled: true },
    facts: unit({ ...RUNNING, file: 'disabled' }),
    change: {
      action: 'run',
      risk: 'restarts',
      fields: [{ field: 'enabled', before: 'disabled', after: 'enabled' }],
      reason: /^restarted$/,
    },
    commands: [
      { script: 'set -eu\nsystemctl enable --quiet -- etcd.service\nsystemctl restart -- etcd.service' },
    ],
  },
  {
    title: 'a reload is done every time',
    args: { name: 'etcd', state: 'reloaded' },
    facts: unit(RUNNING),
    change: { action: 'run', risk: 'changes', fields: [], reason: /^reloaded$/ },
    commands: [{ script: 'set -eu\nsystemctl reload -- etcd.service' }],
  },
  {
    title: 'units are read again before a restart where that is asked for',
    args: { name: 'etcd', state: 'restarted', daemon_reload: true },
    facts: unit(RUNNING),
    change: { action: 'run', risk: 'restarts', fields: [], reason: /^restarted$/ },
    commands: [{ script: 'set -eu\nsystemctl daemon-reload\nsystemctl restart -- etcd.service' }],
  },
  {
    title: 'files that changed are read again though nothing else differs',
    args: { name: 'etcd', state: 'started' },
    facts: unit({ ...RUNNING, needsReload: true }),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'daemon_reload', before: 'needed', after: 'done' }],
    },
    commands: [
      { script: 'set -eu\nsystemctl daemon-reload', display: 'systemctl: etcd.service daemon-reload' },
    ],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'one that is unknown needs no disabling',
    args: { name: 'etcd', enabled: false },
    facts: facts([unitFact('etcd.service'), ABSENT]),
    change: NOTHING,
  },
  {
    title: 'one that is unknown cannot be enabled',
    args: { name: 'etcd', enabled: true },
    facts: facts([unitFact('etcd.service'), ABSENT]),
    change: refusal(/systemd knows no unit etcd\.service: install the package or write the unit first/),
  },
  {
    title: 'one that systemd could not load is not touched',
    args: { name: 'etcd', state: 'stopped' },
    facts: unit({ ...STOPPED, load: 'bad-setting' }),
    change: refusal(/could not load etcd\.service \(bad-setting\): systemctl status etcd\.service says why/),
  },
  {
    title: 'one that is masked is stopped and disabled already',
    args: { name: 'etcd', state: 'stopped', enabled: false },
    facts: unit({ ...STOPPED, load: 'masked', file: 'masked' }),
    change: NOTHING,
  },
  {
    title: 'a systemd that cannot be asked is not taken for one without the unit',
    args: { name: 'etcd', state: 'stopped' },
    facts: facts([unitFact('etcd.service'), unreadable('Failed to connect to bus')]),
    change: refusal(/^Failed to connect to bus$/),
  },
  {
    title: 'an escaped name of an instance is one word',
    args: { name: 'a@b\\x2dc:1', state: 'started' },
    facts: unit(STOPPED, 'a@b\\x2dc:1.service'),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'state', before: 'inactive', after: 'started' }],
    },
    commands: [{ script: "set -eu\nsystemctl start -- 'a@b\\x2dc:1.service'" }],
  },
];

expectCases(test, service, CASES);

expectRefusedArgs(
  test,
  service,
  ['', '-H', 'a b', 'a/b', '$(id)', "a'b", '*', 'a\n', 'grüße'].map((name) => ({ name })),
);
expectRefusedArgs(test, service, [{}, { name: 'etcd', state: 'running' }, { name: 'etcd', enabled: 'yes' }]);

expectCalls(test, service, [
  {
    title: 'a running and enabled unit needs no call',
    args: { name: 'etcd', state: 'started', enabled: true },
    state: { 'units/etcd.service': unitFile({ active: 'active', file: 'enabled' }) },
    calls: [],
  },
  {
    title: 'a unit whose files changed is read again before it is started',
    args: { name: 'etcd', state: 'started', enabled: true, no_block: true },
    state: { 'units/etcd.service': unitFile({ reload: 'yes' }) },
    calls: [
      'systemctl daemon-reload',
      'systemctl enable --quiet -- etcd.service',
      'systemctl start --no-block -- etcd.service',
    ],
  },
  {
    title: 'a restart is done every time',
    args: { name: 'cron.timer', state: 'restarted' },
    state: { 'units/cron.timer': unitFile({ active: 'active' }) },
    calls: ['systemctl restart -- cron.timer'],
  },
  {
    title: 'a unit that is unknown is stopped and disabled already',
    args: { name: 'gone', state: 'stopped', enabled: false },
    state: {},
    calls: [],
  },
  {
    title: 'a unit that is on its way counts as started only where nobody waits',
    args: { name: 'etcd', state: 'started', no_block: true },
    state: { 'units/etcd.service': unitFile({ active: 'activating' }) },
    calls: [],
  },
]);

expectRefusedStates(test, service, [
  [
    'a unit that is unknown cannot be started',
    { name: 'x', state: 'started' },
    {},
    /knows no unit x\.service/,
  ],
  [
    'a masked unit cannot be started',
    { name: 'x', state: 'started' },
    { 'units/x.service': unitFile({ load: 'masked', file: 'masked' }) },
    /masked: unmask it first/,
  ],
  [
    'a static unit cannot be enabled',
    { name: 'x', enabled: true },
    { 'units/x.service': unitFile({ file: 'static' }) },
    /cannot be enabled or disabled: its state is "static"/,
  ],
]);

test.run();
