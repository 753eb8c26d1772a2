import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resources } from '../../src/resources/registry.ts';
import { mistakes, playbook } from './load.ts';

/**
 * Playbooks as Ansible's users have them. Each either loads as it is, or is refused with what to write instead: what is
 * said stands at its end.
 */
const FOLDER = new URL('ansible/', import.meta.url);
const SAYS = '# says: ';

const FILES = {
  'site.conf.hbs': 'listen 80;\n',
  'other.yml': '- hosts: web\n  tasks: []\n',
  'vars.yml': 'answer: 42\n',
  'tasks.yml': '- ansible.builtin.command: "echo {{ role }} {{ answer }}"\n',
};

for (const name of readdirSync(FOLDER).sort()) {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith(SAYS));
  test(`${name} ${lines.length === 0 ? 'loads as it is' : `is refused with ${lines.length} rewrites`}`, () =>
    assert.equal(
      mistakes(() => playbook(text, { resources, files: FILES })).map((m) => m.replaceAll('\n', ' ')),
      lines.map((line) => line.slice(SAYS.length)),
    ));
}

test.run();
