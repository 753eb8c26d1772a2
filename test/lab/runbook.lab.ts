// The runbook of docs/runbooks.md on a real cluster: it refuses the leader, and replaces the data of a replica.
import * as assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { CLUSTER, clusterSettles, fanopsEnds, HOSTS, INVENTORY, textOn } from './on-lab.ts';

const DATA = '/var/lib/postgresql/15/fanatico';
const LIST = 'patronictl -c /etc/patroni/config.yml list -f json';

let folder = '';

test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'fanops-runbook-'));
  const page = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'replace.yml'), /```yaml runbook\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  fanopsEnds(0, 'lab', 'up');
  clusterSettles();
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

function replace(code: number, target: string, ...more: string[]): string {
  const argv = ['run', join(folder, 'replace.yml'), '-i', INVENTORY, '-e', `target=${target}`, '--yes'];
  return fanopsEnds(code, ...argv, '--confirm', `replace ${target}`, ...more).all;
}

function leader(): string {
  const members = JSON.parse(textOn(HOSTS[0], LIST)) as { Member: string; Role: string }[];
  return members.find(({ Role }) => Role === 'Leader')?.Member ?? '';
}

function inode(host: string): string {
  return textOn(host, `stat -c %i ${DATA}`);
}

test('the leader is refused, and nothing is done', () => {
  const target = leader();
  const before = inode(target);
  assert.match(replace(5, target), /leads: hand leadership over first/);
  assert.equal(inode(target), before);
  assert.equal(textOn(target, 'systemctl is-active patroni'), 'active');
});

test('a host that is declared lost and answers stops the runbook', () => {
  const [target = '', lost = ''] = HOSTS.filter((host) => host !== leader());
  const said = replace(5, target, '--lost', lost, '--confirm', `${lost} is powered off`);
  assert.match(said, new RegExp(`declared lost, and yet it answers: ${lost} \\(ssh on `));
});

test('a replica gets its data anew, and the old data lies beside it', () => {
  const target = HOSTS.find((host) => host !== leader()) ?? '';
  textOn(target, `rm -rf ${DATA}.before`);
  const before = inode(target);
  assert.match(replace(0, target), /RUNBOOK done/);
  assert.notEqual(inode(target), before);
  assert.equal(textOn(target, `stat -c %i ${DATA}.before`), before);
  textOn(target, `rm -rf ${DATA}.before`);
});

test.run();
