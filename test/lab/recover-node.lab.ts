// The document's scenario 1 on real hosts: a replica has lost its data directory, and playbooks/recover-node.yml rebuilds it under a
// writing client.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { noteRecovery, timed } from './objectives.ts';
import {
  DATA,
  deleteData,
  fanopsEnds,
  INVENTORY,
  killPatroni,
  labWithBackups,
  leader,
  onHost,
  standbysStream,
} from './on-lab.ts';
import { letItCommit, longestPause, lossOf, startOracle, stopOracle } from './oracle.ts';

let leads = '';
let [target, other] = ['', ''];

const runOn = (host: string): string[] => [
  ...['run', 'playbooks/recover-node.yml', '-i', INVENTORY, '-e', `target=${host}`],
  ...['--yes', '--confirm', `rebuild ${host}`],
];

test('a cluster, and a client that commits all the time', () => {
  [leads, target, other] = labWithBackups();
  startOracle(other, leads);
});

test('a replica without data is rebuilt, and no commit is lost', () => {
  killPatroni(target);
  deleteData(target);
  const doneSeconds = timed(() => fanopsEnds(0, ...runOn(target)));
  letItCommit(other, 5);
  standbysStream(leads);
  const commits = stopOracle(other);
  const lost = lossOf(leads, commits);
  assert.equal(lost.commits, 0, 'acknowledged, and lost');
  assert.equal(leader(), leads);
  noteRecovery({
    scenario: 1,
    happened: "a replica's data directory deleted",
    runbook: 'recover-node.yml',
    serviceSeconds: longestPause(commits),
    doneSeconds,
    lost,
  });
  onHost(target, `test ! -e /var/lib/fanatico/restore-in-progress; rm -rf ${DATA}.before-restore-*`);
});

test.run();
