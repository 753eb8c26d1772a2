import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { JournalEntry, RunStarted } from '../../src/core/journal.ts';
import { newJournal, takeUpJournal } from '../../src/journal/directory-journal.ts';
import { readJournal } from '../../src/journal/read-journal.ts';
import { idsFor, isResumable, listRuns } from '../../src/journal/runs.ts';

export const STARTED: RunStarted = {
  type: 'run-started',
  fanops: '1.0.0',
  command: { name: 'apply', cwd: '/project', argv: ['site.yml'] },
  playbook: 'site.yml',
  sources: [],
  who: 'alice@ws',
  hosts: ['db1'],
};

const released = (host: string): JournalEntry => ({ type: 'lease-released', host });
const WRITING = { now: () => new Date(0), clean: (entry: JournalEntry) => entry };

const test = suite<{ dir: string; folder: string }>('a journal in a directory', { dir: '', folder: '' });

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-journal-'));
  context.folder = join(context.dir, 'runs', 'run-1');
});

test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

async function written(folder: string, ...hosts: string[]): Promise<void> {
  const journal = newJournal(folder, STARTED, WRITING);
  await Promise.all(hosts.map((host) => journal.record(released(host))));
  await journal.close();
}

test('begins with what was asked for, one entry a line, for its owner alone', async ({ dir, folder }) => {
  await written(folder, 'db1', 'db2');
  const lines = readFileSync(join(folder, 'journal.jsonl'), 'utf8').split('\n');
  assert.is(lines.length, 4);
  assert.match(lines[0] ?? '', /^\{"v":1,"at":"1970-01-01T00:00:00.000Z","type":"run-started",/);
  assert.equal(JSON.parse(lines[2] ?? ''), {
    v: 1,
    at: '1970-01-01T00:00:00.000Z',
    type: 'lease-released',
    host: 'db2',
  });
  for (const [path, mode] of [
    ['runs', 0o700],
    ['runs/run-1', 0o700],
    ['runs/run-1/journal.jsonl', 0o600],
  ] as const)
    assert.is(statSync(join(dir, path)).mode & 0o777, mode, path);
});

test('a run that records nothing leaves nothing', async ({ dir, folder }) => {
  await newJournal(folder, STARTED, WRITING).close();
  assert.equal(listRuns(join(dir, 'runs')), []);
  assert.throws(() => statSync(folder), /ENOENT/);
});

test('an entry is in the file when `record` returns, before it is on disk', async ({ folder }) => {
  const journal = newJournal(folder, STARTED, WRITING);
  const synced = journal.record(released('db1'));
  assert.is(readJournal(folder).entries.length, 2);
  await synced;
  await journal.close();
});

test('cut at any byte, the whole lines before are taken up and the next entry follows them', async ({
  folder,
}) => {
  await written(folder, 'db1', 'db2');
  const file = join(folder, 'journal.jsonl');
  const whole = readFileSync(file);
  for (let size = whole.indexOf(0x0a) + 1; size <= whole.length; size += 1) {
    truncateSync(file, 0);
    appendFileSync(file, whole.subarray(0, size));
    const journal = await takeUpJournal(folder, WRITING);
    const lines = whole.subarray(0, size).toString().split('\n').length - 1;
    assert.is(journal?.past.length, lines, `at ${size} bytes`);
    await journal?.record(released('db9'));
    await journal?.close();
    const { entries, isTorn } = readJournal(folder);
    assert.is(isTorn, false);
    assert.is(entries.length, lines + 1);
  }
});

test('a line that is damaged in the middle is named', async ({ folder }) => {
  await written(folder, 'db1');
  const file = join(folder, 'journal.jsonl');
  appendFileSync(file, 'xx\n{"v":2,"type":"x"}\n');
  assert.throws(() => readJournal(folder), /journal.jsonl:3: expected a line of a journal, found "xx"/);
});

test('one unreadable journal hides no other, and only where somebody hears of it', async ({ dir }) => {
  const runs = join(dir, 'runs');
  for (const id of ['2026-a', '2026-b', '2026-c']) await written(join(runs, id), 'db1');
  const file = join(runs, '2026-c', 'journal.jsonl');
  writeFileSync(file, '{"v":2,"at":"","type":"run-started"}\n');
  mkdirSync(join(runs, '2026-d', 'journal.jsonl'), { recursive: true });
  const why: string[] = [];
  const hear = (id: string, { message }: Error) => void why.push(`${id} ${message}`);
  assert.equal(
    listRuns(runs, hear).map(({ id }) => id),
    ['2026-a', '2026-b'],
  );
  assert.equal(why, [
    `2026-c ${file}:1: expected version 1 of the journal's format, found 2`,
    `2026-d ${runs}/2026-d/journal.jsonl: expected a journal, found EISDIR: illegal operation on a directory, read`,
  ]);
  assert.equal(idsFor(runs, 'last', hear), ['2026-b']);
  assert.throws(() => listRuns(runs), /expected version 1/);
  assert.throws(() => idsFor(runs, 'last'), /EISDIR/);
});

test('two controllers do not write one journal', async ({ folder }) => {
  await written(folder, 'db1');
  const first = await takeUpJournal(folder, WRITING);
  assert.is(await takeUpJournal(folder, WRITING), undefined);
  await first?.close();
  const second = await takeUpJournal(folder, WRITING);
  assert.ok(second);
  await second?.close();
});

test('runs are listed in their order, and found by the beginning of their id or as the last', async ({
  dir,
}) => {
  const runs = join(dir, 'runs');
  for (const id of ['2026-b', '2026-a', '2027-c']) await written(join(runs, id), 'db1');
  assert.equal(
    listRuns(runs).map(({ id, outcome }) => `${id} ${outcome}`),
    ['2026-a open', '2026-b open', '2027-c open'],
  );
  assert.ok(listRuns(runs).every(isResumable));
  const keptOff = newJournal(join(runs, '2028-d'), STARTED, WRITING);
  await keptOff.record({ type: 'run-ended', outcome: 'leased' });
  await keptOff.close();
  assert.equal(idsFor(runs, 'last'), ['2027-c'], 'one that another run kept off is not what anybody means');
  assert.equal(idsFor(runs, '2026'), ['2026-a', '2026-b']);
  assert.equal(idsFor(runs, '2026-a'), ['2026-a']);
  assert.equal(idsFor(runs, 'x'), []);
});

test.run();
