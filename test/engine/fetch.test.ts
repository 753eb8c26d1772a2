// Files of hosts are kept on the controller: whole, verified, streamed.
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { keepFile } from '../../src/cli/keep-file.ts';
import { type LocalHosts, localHosts, localRun } from '../support/local-run.ts';

const PLAYBOOK = `
- hosts: db
  tasks:
    - name: keep
      fetch: { src: "{{ root }}/o'dd $(x) näme", dest: "kept/{{ inventory_hostname }}.bin" }
      register: kept
    - { name: note, file: { path: "{{ root }}/note", content: "{{ kept.sha256 }}" } }
`;

async function withHosts(act: (hosts: LocalHosts) => Promise<void>): Promise<void> {
  const hosts = localHosts(2);
  try {
    await act(hosts);
  } finally {
    hosts.remove();
  }
}

async function applied(hosts: LocalHosts, between: () => void = () => {}) {
  const run = localRun(hosts, PLAYBOOK);
  try {
    const plan = await run.plan();
    between();
    return { plan, outcome: await run.apply(plan), events: run.events };
  } finally {
    await run.close();
  }
}

/** More than any buffer on the way, and not text. */
function bytes(seed: string): Buffer {
  return Buffer.concat(
    Array.from({ length: 100_000 }, (_, n) => createHash('sha256').update(`${seed}${n}`).digest()),
  );
}

const source = (hosts: LocalHosts, host: string): string => join(hosts.root(host), "o'dd $(x) näme");
const kept = (hosts: LocalHosts, host: string): string => join(hosts.dir, 'kept', `${host}.bin`);

test('a file of each host comes byte for byte, closed to others, and not a second time', () =>
  withHosts(async (hosts) => {
    for (const host of hosts.names) writeFileSync(source(hosts, host), bytes(host));
    const first = await applied(hosts);
    assert.equal(first.outcome, 'done');
    for (const host of hosts.names) {
      assert.ok(readFileSync(kept(hosts, host)).equals(bytes(host)), host);
      assert.equal(statSync(kept(hosts, host)).mode & 0o777, 0o600);
      const sum = createHash('sha256').update(bytes(host)).digest('hex');
      assert.equal(readFileSync(join(hosts.root(host), 'note'), 'utf8'), sum);
    }
    const second = await applied(hosts);
    assert.deepEqual(
      second.plan.plays.flatMap((p) => p.steps).map((s) => s.change.action),
      ['none', 'none', 'none', 'none'],
    );
  }));

test('what changes while it is fetched does not replace what was kept', () =>
  withHosts(async (hosts) => {
    for (const host of hosts.names) writeFileSync(source(hosts, host), `new of ${host}`);
    mkdirSync(join(hosts.dir, 'kept'));
    for (const host of hosts.names) writeFileSync(kept(hosts, host), 'old');
    const { outcome } = await applied(hosts, () => writeFileSync(source(hosts, 'h2'), 'meanwhile'));
    assert.equal(outcome, 'stale');
    for (const host of hosts.names) assert.equal(readFileSync(kept(hosts, host), 'utf8'), 'old');
  }));

test('a place that cannot be written to fails, and what follows is not done', () =>
  withHosts(async (hosts) => {
    for (const host of hosts.names) writeFileSync(source(hosts, host), host);
    writeFileSync(join(hosts.dir, 'kept'), 'a file, and no folder');
    const { outcome, events } = await applied(hosts);
    assert.equal(outcome, 'failed');
    const failure = events.find((e) => e.type === 'end' && e.failure);
    assert.ok(failure?.type === 'end' && /EEXIST|ENOTDIR/.test(failure.failure?.message ?? ''));
    assert.equal(existsSync(join(hosts.root('h1'), 'note')), false);
  }));

test('what stops half-way leaves what was kept, and nothing beside it', async () => {
  const hosts = localHosts(1);
  try {
    const path = join(hosts.dir, 'kept');
    writeFileSync(path, 'old');
    const broken = keepFile(path, async (sink) => {
      sink.write('half');
      throw new Error('cut');
    });
    await assert.rejects(broken, /cut/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    assert.deepEqual(readdirSync(hosts.dir).sort(), ['h1', 'kept']);
  } finally {
    hosts.remove();
  }
});

test.run();
