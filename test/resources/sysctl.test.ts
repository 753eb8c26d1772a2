import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { contentFact } from '../../src/facts/content.ts';
import { pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { sysctlFact, sysctlPath } from '../../src/facts/sysctl.ts';
import { sysctl } from '../../src/resources/sysctl.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { type Scratch, useFolder } from './scratch.ts';
import { apply, type Machine, plan, SH } from './tiny-engine.ts';
import { ABSENT, facts, value } from './views.ts';

const test = suite<Scratch>('sysctl');
useFolder(test);

const NAME = 'vm.swappiness';
const ARGS = { name: NAME, value: 10 };

/** The file is not there yet; the kernel is as given. */
function kernel(live: Looked<unknown>) {
  const file = '/etc/sysctl.d/90-fanops.conf';
  return facts(
    [sysctlFact(NAME), live],
    [pathFact(file, { follow: true, sum: true }), ABSENT],
    [placeFact('/etc/sysctl.d'), value({ type: 'directory' })],
    [contentFact(file), ABSENT],
  );
}

const WRITTEN = [
  { field: 'content', after: 'vm.swappiness = 10\n', text: true },
  { field: 'mode', after: '0644' },
];

const CASES: readonly Case[] = [
  {
    title: 'it is set for the next start, and now',
    args: ARGS,
    facts: kernel(value({ value: '60', writable: true })),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [...WRITTEN, { field: 'live', before: '60', after: '10' }],
    },
    commands: [
      { display: 'write /etc/sysctl.d/90-fanops.conf' },
      { script: "printf '%s\\n' 10 >/proc/sys/vm/swappiness", display: 'sysctl vm.swappiness=10' },
    ],
    registered: { name: NAME, value: '60' },
  },
  {
    title: 'a kernel that has it needs the file alone',
    args: ARGS,
    facts: kernel(value({ value: '10', writable: false })),
    change: { action: 'create', risk: 'changes', fields: WRITTEN },
    commands: [{ display: 'write /etc/sysctl.d/90-fanops.conf' }],
  },
  {
    title: 'a kernel that cannot be told is not passed over',
    args: ARGS,
    facts: kernel(value({ value: '60', writable: false })),
    change: refusal(
      /is 60 in the kernel that runs, and \/proc\/sys\/vm\/swappiness cannot be written here .* live: false/,
    ),
  },
  {
    title: 'a setting that the kernel does not have is no setting',
    args: ARGS,
    facts: kernel(ABSENT),
    change: refusal(/^the kernel has no setting vm\.swappiness: correct its name/),
  },
  {
    title: 'what is not wanted, and not there, needs nothing',
    args: { name: NAME, state: 'absent' },
    facts: kernel(value({ value: '60', writable: true })),
    change: NOTHING,
  },
];
expectCases(test, sysctl, CASES);

expectRefusedArgs(test, sysctl, [
  { name: NAME },
  { name: 'swappiness', value: 1 },
  { name: 'vm/../../etc/passwd', value: 1 },
  { name: 'vm..x', value: 1 },
  { name: 'vm.$(id)', value: 1 },
  { name: NAME, value: '1\n2' },
  { name: NAME, value: 1, state: 'absent' },
]);

const PATHS: readonly (readonly [string, string])[] = [
  ['net.ipv4.ip_forward', 'net/ipv4/ip_forward'],
  ['net.ipv4.conf.eth0/1.rp_filter', 'net/ipv4/conf/eth0.1/rp_filter'],
  ['net/ipv4/conf/eth0.1/rp_filter', 'net/ipv4/conf/eth0.1/rp_filter'],
];
for (const [name, path] of PATHS)
  test(`${name} is at ${path}`, () => assert.is(sysctlPath(name), `/proc/sys/${path}`));

test('the kernel that runs is read, and the line in the file is ours alone', ({ dir }) => {
  const file = `${dir}/x.conf`;
  const args = { name: 'kernel.ostype', value: 'Linux', file };
  const { results, after, registered } = apply(SH, sysctl, args);
  assert.is(results[0]?.status, 0, results[0]?.stderr);
  assert.is(after.action, 'none', after.reason);
  assert.equal(registered, { name: 'kernel.ostype', value: 'Linux' });
  apply(SH, sysctl, { name: 'vm.other', value: '1 2', file, live: false });
  apply(SH, sysctl, { name: 'kernel.ostype', state: 'absent', file });
  assert.is(readFileSync(file, 'utf8'), 'vm.other = 1 2\n');
  const other = plan(SH, sysctl, { name: 'kernel.ostype', value: 'Other', file }).change;
  assert.match(other.reason ?? '', /is Linux in the kernel that runs, and .* cannot be written here/);
});

test('a kernel that lets itself be set is set, and stays so', async ({ dir }) => {
  // A network namespace of its own has settings of its own, and no host feels it.
  const around = spawn(
    'unshare',
    ['--net', 'sh', '-c', 'sysctl -qw net.ipv4.conf.lo.forwarding=0 && echo made && exec sleep 600'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await once(around.stdout, 'data');
    const within: Machine = { shell: ['nsenter', `--target=${around.pid}`, '--net', 'sh'] };
    const args = { name: 'net.ipv4.conf.lo.forwarding', value: 1, file: `${dir}/x.conf` };
    const { before, results, after, registered } = apply(within, sysctl, args);
    assert.equal(before.fields.at(-1), { field: 'live', before: '0', after: '1' });
    for (const { status, stderr } of results) assert.is(status, 0, stderr);
    assert.is(after.action, 'none', after.reason);
    assert.equal(registered, { name: args.name, value: '1' });
    apply(within, sysctl, { ...args, value: 0, file: `${dir}/y.conf` });
    const [program = '', ...words] = within.shell;
    execFileSync(program, [...words, '-c', `sysctl -q -p ${dir}/x.conf`]);
    assert.is(plan(within, sysctl, args).change.action, 'none');
  } finally {
    around.kill();
  }
});

test.run();
