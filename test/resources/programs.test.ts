import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { Secret } from '../../src/core/secret.ts';
import { command } from '../../src/resources/command.ts';
import { group } from '../../src/resources/group.ts';
import { packageResource } from '../../src/resources/package.ts';
import { service } from '../../src/resources/service.ts';
import { user } from '../../src/resources/user.ts';
import { type StubMachine, stubMachine, unitFile } from './stub-machine.ts';
import { apply, plan, SH } from './tiny-engine.ts';

const test = suite<{ machine: StubMachine }>('programs');

test.before.each((context) => {
  context.machine = stubMachine();
});
test.after.each(({ machine }) => machine.remove());

const APT =
  'apt-get -y -q -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold';

const CALLS: readonly {
  readonly title: string;
  readonly resource: AnyResource;
  readonly args: object;
  readonly state: { readonly [file: string]: string };
  readonly calls: readonly string[];
}[] = [
  {
    title: 'packages that are missing are installed in one go, without fetching lists that know them',
    resource: packageResource,
    args: { name: ['curl', 'jq', 'etcd-server'] },
    state: { 'installed/curl': '1', 'available/jq': '', 'available/etcd-server': '' },
    calls: [
      `${APT} install --simulate --no-install-recommends -- jq etcd-server`,
      `${APT} install --no-install-recommends -- jq etcd-server`,
    ],
  },
  {
    title: 'lists that do not know a package are fetched first',
    resource: packageResource,
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
    resource: packageResource,
    args: { name: ['curl'], update: true },
    state: { 'installed/curl': '1' },
    calls: [],
  },
  {
    title: 'a running and enabled unit needs no call',
    resource: service,
    args: { name: 'etcd', state: 'started', enabled: true },
    state: { 'units/etcd.service': unitFile({ active: 'active', file: 'enabled' }) },
    calls: [],
  },
  {
    title: 'a unit whose files changed is read again before it is started',
    resource: service,
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
    resource: service,
    args: { name: 'cron.timer', state: 'restarted' },
    state: { 'units/cron.timer': unitFile({ active: 'active' }) },
    calls: ['systemctl restart -- cron.timer'],
  },
  {
    title: 'a unit that is unknown is stopped and disabled already',
    resource: service,
    args: { name: 'gone', state: 'stopped', enabled: false },
    state: {},
    calls: [],
  },
  {
    title: 'a unit that is on its way counts as started only where nobody waits',
    resource: service,
    args: { name: 'etcd', state: 'started', no_block: true },
    state: { 'units/etcd.service': unitFile({ active: 'activating' }) },
    calls: [],
  },
  {
    title: 'a system user is made with all it needs',
    resource: user,
    args: {
      name: 'b',
      system: true,
      group: 'dba',
      groups: ['ssl'],
      home: '/srv/b',
      create_home: false,
      shell: '/bin/sh',
      uid: 90,
    },
    state: { group: 'dba:x:1:\nssl:x:2:\n' },
    calls: ['useradd -r -M -u 90 -g dba -d /srv/b -s /bin/sh -G ssl b'],
  },
  {
    title: 'of a user only what differs is changed, and no group is left',
    resource: user,
    args: { name: 'b', groups: ['ssl'], home: '/srv/b', shell: '/bin/bash' },
    state: { group: 'dba:x:1:\nssl:x:2:\n', passwd: 'b:x:7:1::/home/b:/bin/bash\n', members: 'b:adm\n' },
    calls: ['usermod -d /srv/b -aG ssl b'],
  },
  {
    title: 'a system group is made',
    resource: group,
    args: { name: 'dba', system: true },
    state: {},
    calls: ['groupadd -r dba'],
  },
];

for (const { title, resource, args, state, calls } of CALLS)
  test(title, ({ machine }) => {
    for (const [file, text] of Object.entries(state)) machine.write(file, text);
    const { results } = apply(machine, resource, args);
    for (const result of results) assert.is(result.status, 0, result.stderr);
    assert.equal(machine.calls(), calls);
  });

const REFUSED: readonly (readonly [string, AnyResource, object, { [file: string]: string }, RegExp])[] = [
  [
    'a unit that is unknown cannot be started',
    service,
    { name: 'x', state: 'started' },
    {},
    /knows no unit x\.service/,
  ],
  [
    'a masked unit cannot be started',
    service,
    { name: 'x', state: 'started' },
    { 'units/x.service': unitFile({ load: 'masked', file: 'masked' }) },
    /masked: unmask it first/,
  ],
  [
    'a static unit cannot be enabled',
    service,
    { name: 'x', enabled: true },
    { 'units/x.service': unitFile({ file: 'static' }) },
    /cannot be enabled or disabled: its state is "static"/,
  ],
  ['a pipe needs a shell', command, { cmd: 'ls | wc' }, {}, /"\|" means something only to a shell/],
  ['a variable needs a shell', command, { cmd: 'echo "$HOME"' }, {}, /"\$" is not expanded/],
  ['a quote must be closed', command, { cmd: "echo 'a" }, {}, /expected a closing '/],
  ['nothing is no program', command, { cmd: ' ' }, {}, /expected a program to run/],
  [
    'a secret is no argument',
    command,
    { argv: ['echo', Secret.open('hush')] },
    {},
    /a secret cannot be an argument/,
  ],
];

for (const [title, resource, args, state, reason] of REFUSED)
  test(`${title}: refused`, ({ machine }) => {
    for (const [file, text] of Object.entries(state)) machine.write(file, text);
    const { change } = plan(machine, resource, args);
    assert.is(change.action, 'blocked');
    assert.match(change.reason ?? '', reason);
  });

const WORDS: readonly (readonly [string, readonly string[]])[] = [
  ['a  b\tc', ['a', 'b', 'c']],
  [`'a b' "c d" e\\ f`, ['a b', 'c d', 'e f']],
  [`a'b'"c"d`, ['abcd']],
  [`'' ""`, ['', '']],
  [`'$HOME | * ~'`, ['$HOME | * ~']],
  ['--a=b:c/d@e {x} [y] a~b c#d !z', ['--a=b:c/d@e', '{x}', '[y]', 'a~b', 'c#d', '!z']],
  [`"a\\"b\\\\c\\n"`, [`a"b\\c\\n`]],
];

for (const [line, words] of WORDS)
  test(`${line} is split as a shell splits it`, () => {
    const { results } = apply(SH, command, { cmd: `printf '<%s>' ${line}` });
    assert.is(results[0]?.stdout, words.map((word) => `<${word}>`).join(''), results[0]?.stderr);
  });

test('a command that fails registers how', () => {
  const { results, registered } = apply(SH, command, {
    argv: ['sh', '-c', 'echo out; echo err >&2; exit 3'],
  });
  assert.is(results[0]?.status, 3);
  assert.equal(registered, { status: 3, stdout: 'out', stderr: 'err', stdout_lines: ['out'] });
});

test('words of a shell are programs to a command', () => {
  for (const argv of [['A=B'], ['if'], ['cd', '/']])
    assert.is(apply(SH, command, { argv }).results[0]?.status, 127, argv[0]);
});

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
    const { change, facts } = plan(machine, packageResource, args);
    const [command] = packageResource.commands(args, change, facts);
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
