// The recovery runbooks refuse a state of the blockchain that cannot be had before anything is changed: what their first step looks at and guards.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn as fanops, runbookFolder } from './program.ts';

const test = suite<{ folder: string }>('a state of the blockchain is asked for', { folder: '' });

const FAR = 'chain1: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody}';
const PART = /^ {6}- &where_it_lives\n[\s\S]*?(?=^ {6}- that: (?!>))/m;

/** The runbook's own guards, on a step that does nothing else. */
function firstStep(runbook: string): string {
  const guards = PART.exec(readFileSync(`playbooks/${runbook}.yml`, 'utf8'))?.[0];
  assert.ok(guards, `${runbook}.yml has the guards`);
  return `runbook: Asked
params:
  blockchain: { type: string, default: "" }
defaults:
  scripts_directory: "{{base}}"
  no_hosts: []
  blockchain_hosts: '{{optional "groups.blockchain" no_hosts}}'
  blockchain_sources: s3
steps:
  - step: Look
    hosts: db1
    look:
      - include_tasks: ${resolve('playbooks/recovery/see-blockchain.yml')}
    guard:
${guards}`;
}

test.before.each((context) => {
  context.folder = runbookFolder('asked.yml', '');
  // In the place of the real one: it finds what the file `state` names.
  writeFileSync(
    join(context.folder, 'restore-blockchain.sh'),
    `#!/bin/sh\ngrep -qx "$1" ${context.folder}/state || { echo "there is no $1" >&2; exit 10; }\necho "chain1 $*"\n`,
    { mode: 0o755 },
  );
  writeFileSync(join(context.folder, 'state'), 'latest\n');
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** Gives db1 a group `blockchain`, of one host. */
function withChain(folder: string, chain: string): void {
  const hosts = readFileSync(join(folder, 'hosts.yml'), 'utf8');
  const group = `children: {blockchain: {hosts: {${chain}}}}, hosts:`;
  writeFileSync(join(folder, 'hosts.yml'), hosts.replace('hosts:', group));
}

const here = (folder: string): string =>
  `chain1: {ansible_connection: local, fanops_state_dir: ${folder}/lib1, fanops_run_dir: ${folder}/run1}`;

const CASES: readonly [string, (folder: string) => string | undefined, string, number, RegExp][] = [
  ['not asked, and no group', () => undefined, '', 0, /RUNBOOK done/],
  ['not asked, and its host is away', () => FAR, '', 0, /RUNBOOK done/],
  [
    'there is no such group',
    () => undefined,
    'latest',
    5,
    /no host of the inventory is in the group blockchain/,
  ],
  ['nobody has that backup', here, 'other', 5, /is (nowhere|not) to be had.*\n?.*there is no other/],
  ['its host is away', () => FAR, 'latest', 3, /refuses the connection/],
  ['it is there', here, 'latest', 0, /RUNBOOK done/],
];

for (const runbook of ['recover-cluster', 'recover-s3'])
  for (const [title, chain, asked, code, said] of CASES)
    test(`${runbook}: ${title}`, ({ folder }) => {
      writeFileSync(join(folder, 'asked.yml'), firstStep(runbook));
      const host = chain(folder);
      if (host !== undefined) withChain(folder, host);
      const { status, stderr } = fanops(folder, 'run', 'asked.yml', '--yes', '-e', `blockchain=${asked}`);
      assert.is(status, code, stderr);
      assert.match(stderr, said);
    });

test.run();
