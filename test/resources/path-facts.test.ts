// What path_facts says of a group: every host in exactly one list, and one that was not seen never as empty.
import * as assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { Looked } from '../../src/core/fact.ts';
import { directoryEntriesFact } from '../../src/facts/directory-entries.ts';
import { pathFact } from '../../src/facts/path.ts';
import { pathFacts } from '../../src/resources/path-facts.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('path_facts');
const PATH = '/var/lib/postgresql/15/fanatico';
const DIRECTORY = value({ type: 'directory', mounted: false });
const DISK = value({ type: 'directory', mounted: true });

function host(info: Looked<unknown>, entries: Looked<unknown> = ABSENT): Map<string, Looked<unknown>> {
  return facts([pathFact(PATH, { follow: true }), info], [directoryEntriesFact(PATH), entries]);
}

function registered(members: { [name: string]: Map<string, Looked<unknown>> }) {
  const args = { path: PATH, members: 'db' };
  const view = viewOfMembers(members);
  return pathFacts.registered(args, pathFacts.diff(args, view), [], view);
}

test('every host is in the list that fits', () => {
  const seen = registered({
    full: host(DIRECTORY, value({ empty: false, first: 'PG_VERSION' })),
    empty: host(DIRECTORY, value({ empty: true, first: '' })),
    none: host(ABSENT),
    file: host(value({ type: 'file', mounted: false }), unreadable('it is a file')),
    dangling: host(value({ type: 'link', mounted: false })),
    down: host(unreadable('down could not be reached'), unreadable('down could not be reached')),
    closed: host(DIRECTORY, unreadable('permission denied')),
    raced: host(DIRECTORY, ABSENT),
    disk: host(DISK, value({ empty: false, first: 'lost+found' })),
    new: host(DISK, value({ empty: true, first: '' })),
  });
  assert.deepEqual(seen, {
    path: PATH,
    filled: ['full', 'file', 'dangling', 'disk'],
    empty: ['empty', 'raced', 'new'],
    absent: ['none'],
    mount_points: ['disk', 'new'],
    unseen: ['down', 'closed'],
    reasons: ['down could not be reached', 'closed: permission denied'],
  });
});

test('it looks on all members, and never has anything to do', () => {
  const args = { path: PATH, members: 'db' };
  assert.equal(pathFacts.scope, 'cluster');
  assert.equal(pathFacts.membersFrom, 'members');
  const view = viewOfMembers({ db1: host(unreadable('no'), unreadable('no')) });
  assert.equal(pathFacts.diff(args, view).action, 'none');
  assert.deepEqual(pathFacts.commands(args, pathFacts.diff(args, view), view), []);
});

test.run();
