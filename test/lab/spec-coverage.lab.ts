// The document, line by line, on the nodes as they are set up: docs/spec-coverage.md.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  asPostgres,
  assertUnchanged,
  CLUSTER,
  fanops,
  fanopsEnds,
  HOSTS,
  INSTALL,
  leader,
  textOn,
} from './on-lab.ts';
import { specRows } from './spec-rows.ts';

const hosts = { leader: '', replica: '' };

test.before(() => {
  fanopsEnds(0, 'lab', 'up');
  for (const playbook of [CLUSTER, INSTALL]) fanopsEnds(0, 'apply', ...playbook, '--yes');
  hosts.leader = leader();
  hosts.replica = HOSTS.find((host) => host !== hosts.leader) ?? assert.fail();
  asPostgres(hosts.leader, '/opt/fanatico/backup/scripts/backup-full.sh --verify');
});

for (const { kind, command, host, user, run, status, said } of specRows().filter((row) => row.run !== ''))
  test(`${kind}: ${command}`, () => {
    const shell = user === 'postgres' ? 'runuser -l postgres -c "bash -l"' : 'cd / && exec bash -l';
    const on = host === 'replica' ? hosts.replica : hosts.leader;
    const ended = fanops(['lab', 'ssh', on, shell], run);
    assert.equal(ended.status, status, `${on}: ${ended.all.slice(-3000)}`);
    assert.ok(ended.all.includes(said), `expected "${said}": ${ended.all.slice(-3000)}`);
    if (command.includes('start patroni') || command.includes('reinit')) untilStreaming();
  });

/** Patroni clones in the background. */
function untilStreaming(): void {
  textOn(
    hosts.leader,
    'timeout 90 bash -c "until [ \\$(patronictl list | grep -cE \\"(running|streaming)\\") -eq 3 ]; do sleep 1; done"',
  );
}

test('afterwards both playbooks find nothing to change', () => {
  for (const playbook of [CLUSTER, INSTALL]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
});

test.run();
