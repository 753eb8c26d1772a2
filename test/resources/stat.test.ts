import { suite } from 'uvu';
import { directoryEntriesFact } from '../../src/facts/directory-entries.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { stat } from '../../src/resources/stat.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite('stat');

const ENTRIES = directoryEntriesFact('/p');
const ROOTS = { mode: '0755', owner: 'root', group: 'root' };
const NONE = { size: 0, target: '', sha256: '' };
const MISSING = { path: '/p', exists: false, type: '', mode: '', owner: '', group: '', empty: true, ...NONE };

function at(path: string) {
  return pathFact(path, { follow: true });
}

function info(type: PathInfo['type'], more: Partial<PathInfo> = {}) {
  return value<PathInfo>({ type, ...ROOTS, mounted: false, ...more });
}

const CASES: readonly Case[] = [
  {
    title: 'size and checksum of a file are said where they are asked for',
    args: { path: '/p', checksum: true },
    facts: facts([pathFact('/p', { follow: true, sum: true }), info('file', { size: 3, sha256: 'ab' })]),
    change: NOTHING,
    registered: {
      path: '/p',
      exists: true,
      type: 'file',
      ...ROOTS,
      empty: false,
      size: 3,
      target: '',
      sha256: 'ab',
    },
  },
  {
    title: 'a file that cannot be read has no checksum, and none is made up',
    args: { path: '/p', checksum: true },
    facts: facts([pathFact('/p', { follow: true, sum: true }), info('file')]),
    change: refusal(/^could not read the content of \/p$/),
  },
  {
    title: 'a link itself is described where it is not to be followed',
    args: { path: '/p', follow: false },
    facts: facts([pathFact('/p'), info('link', { target: 'there' })]),
    change: NOTHING,
    registered: { path: '/p', exists: true, type: 'link', ...ROOTS, empty: false, ...NONE, target: 'there' },
  },
  {
    title: 'what is there is described, and nothing is touched',
    args: { path: '/p' },
    facts: facts([at('/p'), info('file', { mode: '0640', owner: 'b', group: 'dba' })]),
    change: NOTHING,
    touches: [],
    registered: {
      path: '/p',
      exists: true,
      type: 'file',
      mode: '0640',
      owner: 'b',
      group: 'dba',
      empty: false,
      ...NONE,
    },
  },
  {
    title: 'what is not there is said to be missing and empty',
    args: { path: '/p' },
    facts: facts([at('/p'), ABSENT]),
    change: NOTHING,
    registered: MISSING,
  },
  {
    title: 'a link that leads nowhere is a link, and there',
    args: { path: '/p' },
    facts: facts([at('/p'), info('link', { target: 'gone' })]),
    change: NOTHING,
    registered: { path: '/p', exists: true, type: 'link', ...ROOTS, empty: false, ...NONE, target: 'gone' },
  },
  {
    title: 'a directory that was not looked into is not called empty',
    args: { path: '/p' },
    facts: facts([at('/p'), info('directory')]),
    change: NOTHING,
    registered: { path: '/p', exists: true, type: 'directory', ...ROOTS, empty: false, ...NONE },
  },
  {
    title: 'a directory that holds nothing is empty',
    args: { path: '/p', entries: true },
    facts: facts([at('/p'), info('directory')], [ENTRIES, value({ empty: true, first: '' })]),
    change: NOTHING,
    registered: { path: '/p', exists: true, type: 'directory', ...ROOTS, empty: true, ...NONE },
  },
  {
    title: 'a directory that holds something is not empty',
    args: { path: '/p', entries: true },
    facts: facts([at('/p'), info('directory')], [ENTRIES, value({ empty: false, first: 'x' })]),
    change: NOTHING,
    registered: { path: '/p', exists: true, type: 'directory', ...ROOTS, empty: false, ...NONE },
  },
  {
    title: 'what is not there cannot be looked into, and is empty',
    args: { path: '/p', entries: true },
    facts: facts([at('/p'), ABSENT], [ENTRIES, ABSENT]),
    change: NOTHING,
    registered: MISSING,
  },
  {
    title: 'what cannot be looked at is not taken for missing',
    args: { path: '/p' },
    facts: facts([at('/p'), unreadable('Permission denied')]),
    change: refusal(/^could not look at \/p: Permission denied$/),
  },
  {
    title: 'a directory that cannot be looked into is not taken for empty',
    args: { path: '/p', entries: true },
    facts: facts([at('/p'), info('directory')], [ENTRIES, unreadable('Permission denied')]),
    change: refusal(/^could not look into \/p: Permission denied$/),
  },
  {
    title: 'an odd name is told as it is',
    args: { path: "/p/-it's $(id)\n" },
    facts: facts([at("/p/-it's $(id)\n"), info('socket')]),
    change: NOTHING,
    registered: { path: "/p/-it's $(id)\n", exists: true, type: 'socket', ...ROOTS, empty: false, ...NONE },
  },
];

expectCases(test, stat, CASES);

expectRefusedArgs(test, stat, [
  {},
  { path: '' },
  { path: 'p' },
  { path: '/p/' },
  { path: '/p//q' },
  { path: '/../p' },
  { path: '/p\0' },
  { path: '/p', entries: 'yes' },
  { path: '/p', follow: 'no' },
]);

test.run();
