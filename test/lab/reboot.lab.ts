// A host is rebooted and comes back, and a file goes from one host to another.
import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { clusterSettles, fanopsEnds, INVENTORY, onHost, textOn } from './on-lab.ts';

const PLAYBOOK = `
- hosts: db3
  tasks:
    - { name: reboot, reboot: { timeout: 5m }, register: done }
    - { name: note, file: { path: /root/rebooted, content: "{{ done.rebooted }}" } }
- hosts: db3
  tasks:
    - { name: copy, transfer: { from: db2, src: /root/random, dest: /root/copied } }
`;

const started = (host: string): string =>
  textOn(host, 'cat /proc/1/stat | sed "s/.*) //" | cut -d " " -f 20');

test('a host comes back from its reboot, and takes a file of another one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-reboot-'));
  try {
    const file = join(folder, 'reboot.yml');
    writeFileSync(file, PLAYBOOK);
    onHost('db2', 'head -c 100M /dev/urandom > /root/random');
    const before = started('db3');
    fanopsEnds(0, 'apply', file, '-i', INVENTORY, '--yes');
    assert.notEqual(started('db3'), before);
    assert.equal(textOn('db3', 'cat /root/rebooted'), 'true');
    const sum = (host: string, path: string): string => textOn(host, `sha256sum < ${path}`);
    assert.equal(sum('db3', '/root/copied'), sum('db2', '/root/random'));
    clusterSettles();
  } finally {
    for (const host of ['db2', 'db3']) onHost(host, 'rm -f /root/random /root/rebooted /root/copied');
    rmSync(folder, { recursive: true });
  }
});

test.run();
