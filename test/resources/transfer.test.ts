import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { transfer } from '../../src/resources/transfer.ts';
import { expectRefusedArgs } from './cases.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('transfer');

const ARGS = { from: 'db2', src: '/a/x', dest: '/b/y' };
const attributes = { mode: '0640', owner: 'root', group: 'root', mounted: false };
const PLACE = value({ type: 'directory' as const, ...attributes });

function fileOf(sha256: string, more: Partial<PathInfo> = {}): Looked<PathInfo> {
  return value({ type: 'file' as const, ...attributes, sha256, size: 3, ...more });
}

function changeFor(source: Looked<unknown>, target: Looked<unknown>, place: Looked<unknown> = PLACE) {
  const view = viewOfMembers({
    db1: facts([pathFact('/b/y', { follow: true, sum: true }), target], [placeFact('/b'), place]),
    db2: facts([pathFact('/a/x', { follow: true, sum: true }), source]),
  });
  const change = transfer.diff(ARGS, view);
  return { change, commands: transfer.commands(ARGS, change, view) };
}

test('what is not there, or differs, comes with the checksum that it must have', () => {
  for (const [target, before] of [
    [ABSENT, {}],
    [fileOf('bb'), { before: 'sha256:bb' }],
  ] as const) {
    const { change, commands } = changeFor(fileOf('aa'), target);
    assert.is(change.action, 'run');
    assert.is(change.risk, 'changes');
    assert.equal(change.fields, [{ field: '/b/y', ...before, after: 'sha256:aa' }]);
    const [command] = commands;
    assert.ok(command?.kind === 'transfer');
    assert.is(command.from, 'db2');
    assert.is(command.display, 'copy /a/x to /b/y from db2');
    assert.is(command.files.length, 1);
    assert.is(command.files[0]?.path, '/a/x');
    assert.is(command.files[0]?.size, 3);
    assert.match(command.files[0]?.into ?? '', /'?aa'?/);
  }
});

test('what is the same is left alone; what a link leads to is replaced, not the link', () => {
  assert.is(changeFor(fileOf('aa'), fileOf('aa')).change.action, 'none');
  const { commands } = changeFor(fileOf('aa'), fileOf('bb', { target: '/c/z', at: '/c/z' }));
  assert.ok(commands[0]?.kind === 'transfer');
  assert.match(commands[0].files[0]?.into ?? '', /mv -fT -- "\$t" '?\/c\/z'?/);
});

test('what cannot be copied is said with its host', () => {
  const directory = value({ type: 'directory' as const, ...attributes });
  const cases: readonly (readonly [Looked<unknown>, Looked<unknown>, Looked<unknown>, string])[] = [
    [ABSENT, ABSENT, PLACE, '/a/x does not exist on db2'],
    [unreadable('no'), ABSENT, PLACE, 'could not look at /a/x on db2: no'],
    [directory, ABSENT, PLACE, 'expected a regular file at /a/x on db2, found a directory'],
    [fileOf('aa'), unreadable('no'), PLACE, 'could not look at /b/y: no'],
    [fileOf('aa'), directory, PLACE, 'expected a regular file at /b/y, found a directory'],
    [
      fileOf('aa'),
      fileOf('bb', { mounted: true }),
      PLACE,
      'something is mounted at /b/y: it cannot be replaced whole',
    ],
    [
      fileOf('aa'),
      ABSENT,
      ABSENT,
      'the directory /b does not exist: make it first, with a directory task before this one',
    ],
  ];
  for (const [source, target, place, expected] of cases) {
    const { change } = changeFor(source, target, place);
    assert.is(change.action, 'blocked');
    assert.is(change.reason, expected);
  }
});

expectRefusedArgs(test, transfer, [
  {},
  { from: 'db2' },
  { from: 'db2', src: '/a' },
  { from: 'db2', files: [] },
  { from: 'db2', files: [{ src: '/a' }] },
  { from: 'db2', src: '/a', dest: '/b', files: [{ src: '/a', dest: '/b' }] },
  { from: 'db2', src: 'a', dest: '/b' },
]);

test.run();
