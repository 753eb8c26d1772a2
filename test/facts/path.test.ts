import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sh } from '../../src/core/shell.ts';
import { content } from '../../src/facts/content.ts';
import { directoryEntries } from '../../src/facts/directory-entries.ts';
import { type PathSubject, path } from '../../src/facts/path.ts';
import { place } from '../../src/facts/place.ts';
import { secretFile } from '../../src/facts/secret-file.ts';
import { answerOf, isRoot, lookAt, NOBODY } from './looking.ts';

const test = suite<{ dir: string }>('paths');

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-facts-'));
  chmodSync(context.dir, 0o755);
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

function subject(at: string, more: Partial<PathSubject> = {}): PathSubject {
  return { path: at, follow: true, sum: true, ...more };
}

const ABC = createHash('sha256').update('abc').digest('hex');

test('what is there, what is not, and what is under a file are told apart, whatever their names', ({
  dir,
}) => {
  const names = ['plain', '-rf', "it's", 'new\nline', '$(id)', 'ü', 'stat', 'errors'];
  for (const name of names) writeFileSync(join(dir, name), 'abc');
  const subjects = names.flatMap((name) => [
    subject(join(dir, name)),
    subject(join(dir, `no ${name}`)),
    subject(join(dir, name, 'x')),
  ]);
  const looked = lookAt(path, subjects);
  names.forEach((name, index) => {
    const [there, missing, under] = looked.slice(index * 3, index * 3 + 3);
    assert.is(there?.state === 'value' && there.value.sha256, ABC, name);
    assert.is(missing?.state, 'absent', name);
    assert.is(under?.state, 'absent', name);
  });
});

test('a link is described by what it leads to, or as it is', ({ dir }) => {
  writeFileSync(join(dir, 'file'), 'abc', { mode: 0o640 });
  for (const [name, target] of [
    ['link', 'file'],
    ['broken', 'gone'],
    ['loop', 'loop'],
  ] as const)
    symlinkSync(target, join(dir, name));
  const [followed, asItIs, broken, loop] = lookAt(path, [
    subject(join(dir, 'link')),
    subject(join(dir, 'link'), { follow: false }),
    subject(join(dir, 'broken')),
    subject(join(dir, 'loop')),
  ]).map((looked) => (looked.state === 'value' ? looked.value : undefined));
  assert.equal(
    [followed?.type, followed?.target, followed?.at, followed?.sha256, followed?.mode],
    ['file', 'file', join(dir, 'file'), ABC, '0640'],
  );
  assert.equal([asItIs?.type, asItIs?.target, asItIs?.sha256], ['link', 'file', undefined]);
  assert.equal([broken?.type, broken?.at], ['link', join(dir, 'gone')]);
  assert.equal([loop?.type, loop?.at], ['link', join(dir, 'loop')]);
});

test('a pipe is not read, and a mount point is seen', ({ dir }) => {
  spawnSync('mkfifo', [join(dir, 'pipe')]);
  const [pipe, proc] = lookAt(path, [subject(join(dir, 'pipe')), subject('/proc')]);
  assert.is(pipe?.state === 'value' && pipe.value.type, 'fifo');
  assert.is(proc?.state === 'value' && proc.value.mounted, true);
  assert.is(lookAt(content, [join(dir, 'pipe')])[0]?.state, 'unreadable');
  assert.is(lookAt(secretFile, [join(dir, 'pipe')])[0]?.state, 'unreadable');
});

test('an answer cut off anywhere leaves out subjects, and never invents their absence', ({ dir }) => {
  writeFileSync(join(dir, 'a'), 'abc');
  mkdirSync(join(dir, 'b'));
  const subjects = ['a', 'missing', 'b'].map((name) => subject(join(dir, name)));
  const whole = answerOf(path.look(subjects).script);
  for (let length = 0; length < whole.stdout.length; length += 1) {
    const [a, missing, b] = path.parse({ ...whole, stdout: whole.stdout.subarray(0, length) }, subjects);
    for (const looked of [a, missing, b]) assert.is(looked?.state, 'unreadable', `path cut at ${length}`);
  }
});

test('a place cut off anywhere is as it was, or unreadable', ({ dir }) => {
  mkdirSync(join(dir, 'b'));
  const subjects = ['missing', 'b', 'gone'].map((name) => join(dir, name));
  const whole = answerOf(place.look(subjects).script);
  const truth = place.parse(whole, subjects);
  for (let length = 0; length < whole.stdout.length; length += 1)
    for (const [index, looked] of place
      .parse({ ...whole, stdout: whole.stdout.subarray(0, length) }, subjects)
      .entries())
      if (looked.state !== 'unreadable') assert.equal(looked, truth[index], `cut at ${length}`);
});

test('complaints that cannot be told apart make what is missing unreadable, not absent', () => {
  const complaints = "find: '/a': No such file or directory\nfind: '/x': Permission denied";
  const parse = (text: string) =>
    place
      .parse({ status: 1, stdout: Buffer.from(`errors\0${text}\0`), stderr: '' }, ['/a'])
      .map((one) => one.state);
  assert.equal(parse(complaints), ['unreadable']);
  assert.equal(parse(complaints.split('\n')[0] ?? ''), ['absent']);
});

test('names too long are unreadable, not absent', () => {
  assert.is(lookAt(place, [`/${'n'.repeat(300)}`])[0]?.state, 'unreadable');
});

if (isRoot)
  test('behind a closed door everything is unreadable, not absent', ({ dir }) => {
    const closed = join(dir, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    writeFileSync(join(closed, 'f'), 'abc');
    writeFileSync(join(dir, 'own'), 'abc', { mode: 0o600 });
    const inside = [join(closed, 'f'), join(closed, 'missing')];
    for (const states of [
      lookAt(
        path,
        inside.map((p) => subject(p)),
        { uid: NOBODY },
      ),
      lookAt(place, inside, { uid: NOBODY }),
      lookAt(content, inside, { uid: NOBODY }),
      lookAt(secretFile, [...inside, join(dir, 'own')], { uid: NOBODY }),
      lookAt(directoryEntries, [...inside, closed], { uid: NOBODY }),
    ])
      assert.ok(
        states.every(({ state }) => state === 'unreadable'),
        JSON.stringify(states),
      );
    const [own] = lookAt(path, [subject(join(dir, 'own'))], { uid: NOBODY });
    assert.is(own?.state === 'value' && own.value.sha256, undefined);
  });

if (isRoot)
  test('whoever looks need not be let into the directory where the session stands', ({ dir }) => {
    mkdirSync(join(dir, 'closed'));
    writeFileSync(join(dir, 'f'), 'abc');
    const inClosed = (script: string) =>
      answerOf(
        sh`cd ${join(dir, 'closed')}; chmod 0700 .; exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups sh -c ${script}`
          .text,
      );
    const places = [join(dir, 'f'), join(dir, 'missing')];
    const states = place.parse(inClosed(place.look(places).script), places).map((one) => one.state);
    assert.equal(states, ['value', 'absent']);
    const [entries] = directoryEntries.parse(inClosed(directoryEntries.look([dir]).script), [dir]);
    assert.is(entries?.state, 'value', JSON.stringify(entries));
  });

test('texts are shown, binary and long ones are not', ({ dir }) => {
  const cases: readonly (readonly [string | Buffer, string | undefined])[] = [
    ['', ''],
    ['grüße\n\n', 'grüße\n\n'],
    [Buffer.from([0xff, 0xfe]), undefined],
    ['a\0b', undefined],
    ['x'.repeat(65_536), 'x'.repeat(65_536)],
    ['x'.repeat(65_537), undefined],
  ];
  for (const [index, [bytes]] of cases.entries()) writeFileSync(join(dir, `${index}`), bytes);
  const looked = lookAt(
    content,
    cases.map((_, index) => join(dir, `${index}`)),
  );
  for (const [index, one] of looked.entries())
    assert.is(one.state === 'value' && one.value.text, cases[index]?.[1]);
  assert.is(lookAt(content, [join(dir, 'none')])[0]?.state, 'absent');
});

test('a directory is empty or names something that it holds', ({ dir }) => {
  mkdirSync(join(dir, 'empty'));
  mkdirSync(join(dir, 'full', '-hidden'), { recursive: true });
  writeFileSync(join(dir, 'file'), '');
  const [empty, full, file, gone] = lookAt(
    directoryEntries,
    ['empty', 'full', 'file', 'gone'].map((n) => join(dir, n)),
  );
  assert.equal(empty, { state: 'value', value: { empty: true, first: '' } });
  assert.equal(full, { state: 'value', value: { empty: false, first: '-hidden' } });
  assert.is(file?.state, 'unreadable');
  assert.is(gone?.state, 'absent');
});

test.run();
