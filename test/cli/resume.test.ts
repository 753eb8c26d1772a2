import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn, runbookFolder } from './program.ts';

/** What is given to `fanops resume`, by the whole program; the run fails until the file `ok` is there. */
const PLAYBOOK = `- hosts: db1
  tasks:
    - command: { argv: [test, -e, "{{base}}/ok"] }
`;

const test = suite<{ folder: string }>('resume', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('p.yml', PLAYBOOK);
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function journal(folder: string): string {
  const runs = join(folder, '.fanops/runs');
  const id = readdirSync(runs).find((name) => /^\d/.test(name)) ?? '';
  return readFileSync(join(runs, id, 'journal.jsonl'), 'utf8');
}

test('a secret inside of a JSON value is not written down, and has to be given again', ({ folder }) => {
  const given = ['-e', 'db={"password":"hunter2"}'];
  assert.is(fanopsIn(folder, 'apply', 'p.yml', '-y', ...given).status, 3);
  assert.not.match(journal(folder), 'hunter2');
  assert.match(journal(folder), '--extra-vars=db=••••••');
  writeFileSync(join(folder, 'ok'), '');
  const without = fanopsIn(folder, 'resume', 'last');
  assert.is(without.status, 1);
  assert.match(without.stderr, 'the value of -e db was not written down');
  const { status, stderr } = fanopsIn(folder, 'resume', 'last', ...given);
  assert.is(status, 0, stderr);
});

test('a path that is given counts from where it is given, not from where the run began', ({ folder }) => {
  assert.is(fanopsIn(folder, 'apply', 'p.yml', '-y').status, 3);
  writeFileSync(join(folder, 'ok'), '');
  const sub = join(folder, 'sub');
  mkdirSync(sub);
  const argv = ['resume', 'last', '--become-password-file', 'pw'];
  const refused = fanopsIn(sub, ...argv);
  assert.is(refused.status, 1);
  assert.match(refused.stderr, `expected on the first line of ${sub}/pw, found no such file`);
  writeFileSync(join(sub, 'pw'), 'hunter2\n');
  const { status, stderr } = fanopsIn(sub, ...argv);
  assert.is(status, 0, stderr);
});

test.run();
