import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const playbook = readFileSync('playbooks/install.yml', 'utf8');

test('install.yml deploys every script of the backup system, executable, under its own name', () => {
  const scripts = readdirSync('templates/backup').filter((name) => name.endsWith('.sh'));
  assert.ok(scripts.length > 5);
  const deployed = playbook.matchAll(/\{ path: scripts\/(\S+), src: backup\/(\S+), mode: "0755" \}/g);
  assert.equal(
    [...deployed].map(([, path, src]) => (path === src ? path : `${path} from ${src}`)).sort(),
    scripts.sort(),
  );
});

test('install-blockchain.yml deploys a part of them that lacks nothing it needs', () => {
  const part = readFileSync('playbooks/install-blockchain.yml', 'utf8');
  const lines = part.match(/\{ path: scripts\/.*\}/g) ?? [];
  for (const line of lines) assert.ok(playbook.includes(line), line);
  const deployed = lines.map((line) => /scripts\/(\S+),/.exec(line)?.[1] ?? '');
  assert.ok(deployed.includes('backup-blockchain.sh'));
  for (const script of deployed) {
    const text = readFileSync(`templates/backup/${script}`, 'utf8');
    const needed =
      text.match(/(?<=^(?:# shellcheck source=templates\/backup\/| +"\$\{lib%\/\*\}\/))[a-z0-9-]+\.sh/gm) ??
      [];
    for (const name of needed) assert.ok(deployed.includes(name), `${script} needs ${name}`);
  }
});

const HOST = (name: string) => `\n        ${name}:\n          ansible_host: 192.0.2.1`;
const INVENTORY = (variables: string) =>
  `all:\n  children:\n    db:\n      hosts:${HOST('db1')}\n    blockchain:\n      hosts:${HOST('chain1')}${variables}\n`;

test('install-blockchain.yml is valid with the group, and names it where it is not there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-install-'));
  const file = join(folder, 'inventory.yml');
  const validate = (inventory: string) => {
    writeFileSync(file, inventory);
    const args = ['validate', 'playbooks/install-blockchain.yml', '-i', file];
    return spawnSync('bin/fanops', args, { encoding: 'utf8' });
  };
  const good = validate(INVENTORY('\n      vars:\n        blockchain_database: /srv/chain.db'));
  assert.is(good.status, 0, good.stderr);
  const bad = validate(INVENTORY('').replace('blockchain:', 'chains:'));
  assert.is.not(bad.status, 0);
  assert.match(bad.stderr, 'has no host or group `blockchain`');
  rmSync(folder, { recursive: true });
});

test.run();
