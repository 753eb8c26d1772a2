import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn, runbookFolder } from './program.ts';

/** The records of runs, by the whole program; one fails until the file `ok` is there, and stands among journals of others. */
const PLAYBOOK = `- hosts: db1
  tasks:
    - command: { argv: [test, -e, "{{base}}/ok"] }
`;
const FOREIGN = 'x: 1\n';
const NEWER = '{"v":2,"at":"2099-01-01T00:00:00.000Z","type":"run-started"}\n';

const test = suite<{ folder: string; id: string }>('runs', { folder: '', id: '' });

test.before.each((context) => {
  const folder = runbookFolder('p.yml', PLAYBOOK);
  assert.is(fanopsIn(folder, 'apply', 'p.yml', '-y').status, 3);
  context.id = readdirSync(join(folder, '.fanops/runs')).find((id) => /^\d/.test(id)) ?? '';
  context.folder = folder;
  writeFileSync(join(folder, 'ok'), '');
  plant(folder, '19990101-foreign', FOREIGN);
  plant(folder, '99990101-newer', NEWER);
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

function plant(folder: string, id: string, journal: string): void {
  const run = join(folder, '.fanops/runs', id);
  mkdirSync(run);
  writeFileSync(join(run, 'journal.jsonl'), journal);
}

test('a list has the runs whose journals can be read, and names the others', ({ folder, id }) => {
  const { status, stdout, stderr } = fanopsIn(folder, 'runs');
  assert.is(status, 0, stderr);
  assert.match(stdout, /^19990101-foreign +unreadable\n/);
  assert.match(stdout, `fanops resume ${id}\n`);
  assert.match(stdout, /\n99990101-newer +unreadable\n$/);
  const place = join(folder, '.fanops/runs');
  assert.is(
    stderr,
    [
      `warning: ${place}/19990101-foreign/journal.jsonl:1: expected a line of a journal, found "x: 1": the file was damaged or edited`,
      '  hint: nothing can be taken up from it: move the folder of that run away',
      `warning: ${place}/99990101-newer/journal.jsonl:1: expected version 1 of the journal's format, found 2`,
      '  hint: use the fanops that wrote it',
      '',
    ].join('\n'),
  );
});

test('as JSON, too', ({ folder, id }) => {
  const { runs, unreadable } = JSON.parse(fanopsIn(folder, 'runs', '--json').stdout);
  assert.equal(
    runs.map((run: { id: string }) => run.id),
    [id],
  );
  assert.equal(
    unreadable.map((run: { id: string }) => run.id),
    ['19990101-foreign', '99990101-newer'],
  );
});

test('the last run is the last that can be read, and taken up', ({ folder, id }) => {
  const shown = fanopsIn(folder, 'runs', 'show', 'last');
  assert.is(shown.status, 0, shown.stderr);
  const { status, stderr } = fanopsIn(folder, 'resume', 'last');
  assert.is(status, 0, stderr);
  assert.match(stderr, id);
  assert.is(stderr.match(/warning: .*99990101-newer/g)?.length, 1, stderr);
});

test('a run whose journal cannot be read is a mistake when it is named', ({ folder }) => {
  for (const command of [['resume'], ['runs', 'show']]) {
    const { status, stderr } = fanopsIn(folder, ...command, '9999');
    assert.is(status, 1, stderr);
    assert.match(
      stderr,
      /^error: .*journal\.jsonl:1: expected version 1 .*\n {2}hint: use the fanops that wrote it\n/,
    );
  }
});

test.run();
