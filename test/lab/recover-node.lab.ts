// The document's scenario 1 on real hosts: a replica has lost its data directory, and playbooks/recover-node.yml rebuilds it under a
// writing client.
import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  textOn,
} from './on-lab.ts';
import { letItCommit, longestPause, lossOf, startOracle, stopOracle } from './oracle.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanops-recover-node-'));
let leads = '';
let [target, other] = ['', ''];

test.after(() => rmSync(folder, { recursive: true }));

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

test('a node rebuilds itself, with the fanops that was left on it', () => {
  execFileSync('npm', ['run', 'dist', '--', `--out=${folder}`], { stdio: 'ignore' });
  const left = ['apply', 'playbooks/leave-fanops.yml', '-i', INVENTORY, '--limit', other];
  fanopsEnds(0, ...left, '-e', `fanops_dist=${globSync(`${folder}/*.tar.gz`)[0]}`, '--yes');
  controllerOn(other);
  killPatroni(other);
  deleteData(other);
  const run = `recover-node.yml -i inventory.yml -e target=${other} --yes --confirm "rebuild ${other}"`;
  assert.match(textOn(other, `cd /root/incident && fanops run ${run} 2>&1`), /RUNBOOK done/);
  standbysStream(leads);
  onHost(other, `rm -rf ${DATA}.before-restore-* /root/incident`);
});

/** What an operator brings to a node to work from there: the inventory, the hosts' keys, and one to log in with. */
function controllerOn(host: string): void {
  const files = { ansible_ssh_private_key_file: 'id', fanops_known_hosts: 'known_hosts' };
  let inventory = readFileSync(INVENTORY, 'utf8');
  onHost(host, 'mkdir -p -m 700 /root/incident');
  for (const [variable, name] of Object.entries(files)) {
    const [, path = ''] = new RegExp(`${variable}: (.*)`).exec(inventory) ?? assert.fail(variable);
    inventory = inventory.replace(path, `/root/incident/${name}`);
    onHost(host, `umask 077; cat >/root/incident/${name}`, readFileSync(path));
  }
  onHost(host, 'cat >/root/incident/inventory.yml', inventory);
}

test.run();
