import { readdirSync, readFileSync } from 'node:fs';
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

test.run();
