import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { freeSpace, freeSpaceFact } from '../../src/facts/free-space.ts';
import {
  type RestorableArchive,
  restorableArchive,
  restorableArchiveFact,
} from '../../src/facts/restorable-archive.ts';
import { type ReachFactsArgs, reachFacts } from '../../src/resources/reach-facts.ts';
import { isRoot, lookAt, NOBODY } from '../facts/looking.ts';
import { SCRATCH } from './stub-machine.ts';
import { facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ dir: string }>('reach_facts');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-reach-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const FULL = 'full_backup_20261122_020000.tar.gz';

function subjectIn(dir: string) {
  return { archive: join(dir, 'archive'), gathered: join(dir, 'gathered'), data: join(dir, 'data') };
}

/** A segment's name: its timeline and number, of 16 MiB. */
function segment(number: number, timeline = 1): string {
  return [timeline, 0, number].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');
}

function store(archive: string, names: readonly string[], sidecar = ''): void {
  mkdirSync(join(archive, 'wal'), { recursive: true });
  for (const name of names) {
    writeFileSync(join(archive, 'wal', `${name}.gz`), '');
    writeFileSync(join(archive, 'wal', `${name}.gz.json`), sidecar);
  }
}

test("what the archive, those gathered beside it and pg_wal hold is seen, each with its sidecar's time", ({
  dir,
}) => {
  const { archive, gathered, data } = subjectIn(dir);
  store(archive, [segment(1)], '{\n  "archived_at": "2026-11-22T02:00:01Z",\n  "hmac": ""\n}\n');
  writeFileSync(join(archive, 'wal', `${segment(2)}.gz`), '');
  writeFileSync(join(archive, 'wal', `${segment(3)}.gz.json`), '');
  store(join(gathered, 'db2'), [segment(4), '00000002.history']);
  mkdirSync(join(gathered, 'db2', 'full'));
  writeFileSync(join(gathered, 'db2', 'full', FULL), '');
  writeFileSync(join(gathered, 'db2', 'full', `${FULL}.json`), '{ "name": "x" }');
  writeFileSync(join(gathered, 'db2', 'full', `full_backup_20261123_020000.tar.gz.json`), '{}');
  mkdirSync(join(data, 'pg_wal', 'archive_status'), { recursive: true });
  writeFileSync(join(data, 'pg_wal', segment(5)), '');
  const [looked] = lookAt(restorableArchive, [subjectIn(dir)]);
  assert.equal(looked, {
    state: 'value',
    value: {
      fulls: [{ name: 'x' }],
      segments: [
        { name: segment(1), archivedAt: '2026-11-22T02:00:01Z' },
        { name: segment(4), archivedAt: '' },
      ],
      pgWal: [segment(5)],
    },
  });
});

test('where nothing is there is nothing; odd names are names', ({ dir }) => {
  const odd = join(dir, `a 'b' "$(x)"\n`);
  store(join(odd, 'archive'), [segment(1)]);
  const seen = lookAt(restorableArchive, [subjectIn(odd), subjectIn(join(dir, 'none'))]);
  assert.equal(
    seen.map((one) => one.state === 'value' && one.value.segments.length),
    [1, 0],
  );
});

if (isRoot)
  test('an archive that may not be read is not taken for an empty one', ({ dir }) => {
    store(join(dir, 'archive'), [segment(1)]);
    const [looked] = lookAt(restorableArchive, [subjectIn(dir)], { uid: NOBODY });
    assert.is(looked?.state, 'unreadable');
  });

test('room is looked for behind a link, also where it leads to what is not there yet', ({ dir }) => {
  symlinkSync('/proc/none/data', join(dir, 'data'));
  const seen = lookAt(freeSpace, [join(dir, 'data'), join(dir, 'none')]);
  assert.equal(seen[0], { state: 'value', value: 0 });
  assert.ok(seen[1]?.state === 'value' && seen[1].value > 0);
});

const SUBJECT = {
  archive: '/var/backups/fanatico',
  gathered: '/var/lib/fanatico/gathered',
  data: '/var/lib/postgresql/15/fanatico',
};
const INTO = SUBJECT.data;
const ROOMY = 1 << 30;

const full = (more: { readonly [field: string]: string | number } = {}) => ({
  name: FULL,
  ended_at: '2026-11-22T02:00:00.500000Z',
  stop_lsn: '0/3000100',
  last_wal: segment(3),
  timeline: 1,
  role: 'leader',
  wal_segment_size: 1 << 24,
  plain_size: 40 << 20,
  ...more,
});

/** Segments archived one a minute, from 02:01 on. */
const segments = (...names: readonly string[]) =>
  names.map((name, index) => ({ name, archivedAt: `2026-11-22T02:0${index + 1}:00Z` }));

function judged(
  args: Partial<ReachFactsArgs>,
  members: { readonly [host: string]: Partial<RestorableArchive> | string },
  free = ROOMY,
) {
  const looked = Object.entries(members).map(([host, held]) => {
    const seen: Looked<RestorableArchive> =
      typeof held === 'string' ? unreadable(held) : value({ fulls: [], segments: [], pgWal: [], ...held });
    return [host, facts([restorableArchiveFact(SUBJECT), seen], [freeSpaceFact(INTO), value(free)])];
  });
  const all: ReachFactsArgs = {
    members: 'db',
    host: 'db1',
    into: INTO,
    now: '2026-11-23 00:00:00Z',
    ...args,
  };
  const view = viewOfMembers(Object.fromEntries(looked));
  return reachFacts.registered(all, reachFacts.diff(all, view), [], view);
}

/** What it says, without what it does not. */
function said(...given: Parameters<typeof judged>): object {
  return Object.fromEntries(
    Object.entries(judged(...given)).filter(([, words]) =>
      Array.isArray(words) ? words.length > 0 : words !== '',
    ),
  );
}

const QUIET = { backup: FULL };

test('a chain without a gap, over two archives and two timelines, is all well', () => {
  const archives = {
    db1: { fulls: [full()], segments: segments(segment(4), segment(5)) },
    db2: { segments: segments(segment(6, 2), segment(7, 2)) },
  };
  for (const args of [{}, { at: '2026-11-22 02:01:30' }, { lsn: '0/7FFFFFF' }, { restore_point: 'before' }])
    assert.equal(said(args, archives), QUIET, JSON.stringify(args));
});

test("a leader's backup holds its own last segment, a replica's needs it", () => {
  const after = { segments: segments(segment(4)) };
  assert.equal(said({}, { db1: { fulls: [full()], ...after } }), QUIET);
  const { missing, hole } = judged({}, { db1: { fulls: [full({ role: 'replica' })], ...after } });
  assert.is(hole, segment(3));
  assert.match(
    missing,
    /segment 000000010000000000000003, though 000000010000000000000004 comes after it\. From .* the WAL reaches no further than that$/,
  );
});

const HOLED = {
  db1: { fulls: [full()], segments: segments(segment(4)) },
  db2: { segments: segments(segment(4), segment(4), segment(7)), pgWal: [segment(5), segment(9)] },
};

test('a gap is named, with how far the WAL reaches, and who still has the first of it', () => {
  assert.equal(said({}, HOLED), {
    ...QUIET,
    missing: `no archive has the WAL segment ${segment(5)} and 1 more, up to ${segment(6)}, though ${segment(7)} comes after it. From ${FULL} on db1, which ended 2026-11-22 02:00:01 UTC, the WAL reaches to ${segment(4)}, archived 2026-11-22 02:02:00 UTC`,
    hole: segment(5),
    held_by: ['db2'],
  });
});

test('a gap is none where pg_wal is archived first and has it', () => {
  const held = { ...HOLED, db3: { pgWal: [segment(6)] } };
  assert.equal(said({ archives_first: 'all' }, held), QUIET);
  assert.is(judged({ archives_first: 'new' }, held).hole, segment(5));
});

test('a gap on a timeline that was left is none: what took its place is there', () => {
  const left = segments(segment(4), segment(6), segment(5, 2), segment(6, 2), segment(7, 2));
  assert.equal(said({}, { db1: { fulls: [full()], segments: left } }), QUIET);
});

test('of another timeline than the latest, what its WAL reaches is left to the restore', () => {
  const later = full({
    name: 'full_backup_20261123_020000.tar.gz',
    ended_at: '2026-11-23T02:00:00Z',
    stop_lsn: '0/7000100',
    last_wal: segment(7, 2),
    timeline: 2,
    plain_size: 400 << 20,
  });
  // Timeline 2 left timeline 1 in the segment 5, and has not come as far.
  const archives = {
    db1: { fulls: [full(), later], segments: segments(...[4, 5, 6, 8, 9].map((number) => segment(number))) },
    db2: { segments: segments(...[5, 6, 7].map((number) => segment(number, 2))) },
  };
  for (const args of [
    { lsn: '0/9000000' },
    { at: '2026-11-22 23:00:00' },
    { at: '2026-11-20 00:00:00' },
    {},
  ]) {
    const { backup, ...words } = said({ ...args, timeline: '1' }, archives) as { backup?: string };
    assert.equal(words, {}, JSON.stringify(args));
    assert.ok(backup !== later.name, 'it is of a timeline that 1 does not descend from');
  }
  assert.is(judged({ timeline: '1' }, archives, 200 << 20).room, '');
  assert.ok(judged({ timeline: 'current' }, archives, 200 << 20).room);
  assert.match(judged({ lsn: '0/9000000', backup: FULL }, archives).too_late, /lies after/);
  assert.match(judged({ timeline: '1' }, { db1: {} }).none, /^no complete full backup/);
});

test('both runbooks say which timeline is wanted', () => {
  assert.match(readFileSync('playbooks/recovery/see-reach.yml', 'utf8'), /^ {4}timeline: "{{timeline}}"$/m);
});

test('a target before the gap is in reach; after it, or behind all there is, it is not', () => {
  assert.equal(said({ at: '2026-11-22 03:01:00+01:00' }, HOLED), QUIET);
  assert.equal(said({ lsn: '0/4FFFFFF' }, HOLED), QUIET);
  const late = judged({ at: '2026-11-22 02:02:30' }, HOLED);
  assert.match(
    late.too_late,
    /^2026-11-22 02:02:30 UTC lies after what the archived WAL reaches: no archive has .*\. In reach is what lies between the end of full_backup_\S+ on db1, which ended 2026-11-22 02:00:01 UTC, and the end of \S+, archived 2026-11-22 02:02:00 UTC$/,
  );
  assert.equal([late.hole, late.held_by, late.missing], [segment(5), ['db2'], '']);
  assert.match(judged({ lsn: '0/5000001' }, HOLED).too_late, /^0\/5000001 lies after/);
  const whole = { db1: { fulls: [full()], segments: segments(segment(4)) } };
  assert.match(judged({ at: '2026-11-22 02:01:01' }, whole).too_late, /reaches\. In reach is/);
  assert.is(judged({ at: '2026-11-22 02:01:00.9' }, whole).too_late, '', 'a sidecar tells full seconds');
  assert.is(judged({ at: '2026-11-22 04:00:00', archives_first: 'new' }, whole).too_late, '');
});

test('when what only pg_wal holds was written nobody knows: no moment is too late behind it', () => {
  const pgWal = [segment(5), segment(6)];
  const held = { db1: { fulls: [full()], segments: segments(segment(4), segment(8)), pgWal } };
  const { too_late } = judged({ at: '2026-11-22 03:00:00', archives_first: 'all' }, held);
  assert.is(too_late, '');
  const { missing } = judged({ archives_first: 'all' }, { db1: { ...held.db1, pgWal: [segment(6)] } });
  assert.match(missing, `segment ${segment(5)}, though ${segment(6)} comes after it`);
});

test('the archives of busy years are looked through, too', () => {
  const many = Array.from({ length: 200_000 }, (_, index) => ({ name: segment(index + 4), archivedAt: '' }));
  const held = { db1: { fulls: [full({ wal_segment_size: 1 << 20 })], segments: many } };
  assert.equal(said({}, held), QUIET);
});

test('a target before every backup is told where they begin; one that is still to come, what time it is', () => {
  const older = full({
    name: 'full_backup_20261121_020000.tar.gz',
    ended_at: '2026-11-21T02:00:00Z',
    stop_lsn: '0/2000100',
  });
  const archives = { db1: { fulls: [full()], segments: segments(segment(4)) }, db2: { fulls: [older] } };
  assert.match(
    judged({ at: '2026-11-20 00:00:00' }, archives).too_early,
    /^2026-11-20 00:00:00 UTC lies before the end, at 0\/2000100, of the oldest backup\. In reach is what lies between the end of full_backup_20261121_020000\.tar\.gz on db2, .* and the end of 000000010000000000000004/,
  );
  assert.match(judged({ lsn: '0/1000000' }, archives).too_early, /^0\/1000000 lies before the end/);
  assert.match(
    judged({ at: '2026-11-22 00:00:00', backup: FULL }, archives).too_early,
    new RegExp(`at 0/3000100, of ${FULL}`),
  );
  assert.equal(judged({ at: '2026-11-22 00:00:00' }, archives).backup, older.name);
  assert.is(
    judged({ at: '2026-11-23 00:00:01' }, archives).to_come,
    '2026-11-23 00:00:01 UTC is still to come: it is 2026-11-23 00:00:00 UTC',
  );
  // By a clock that tells full seconds, this one may have been.
  assert.is(judged({ at: '2026-11-23 00:00:00.9' }, archives).to_come, '');
});

test('without a backup, or without that one, it is said what there is', () => {
  assert.is(judged({}, { db1: {}, db2: {} }).none, 'no complete full backup is in the archives of db1, db2');
  assert.is(
    judged({}, { db1: { fulls: [{ name: FULL }] } }).none,
    'no complete full backup is in the archives of db1',
  );
  assert.match(
    judged({ backup: 'full_backup_1.tar.gz' }, { db1: { fulls: [full()] } }).none,
    /^full_backup_1\.tar\.gz is not in the archives of db1; the newest there is full_backup_20261122/,
  );
  assert.equal(said({ backup: '/mnt/full_backup_1.tar.gz' }, { db1: {} }), {}, 'a file lies elsewhere');
});

test('of a moment that it does not understand it says nothing', () => {
  const archives = { db1: { fulls: [full()], segments: segments(segment(4)) } };
  for (const at of ['2026-11-22 02:00:30.1234567Z', '2026-11-20 00:00:00.1234567Z', 'yesterday'])
    assert.equal(said({ at }, archives), {}, at);
});

test('latest.tar.gz is the newest, as for the restore', () => {
  const archives = { db1: { fulls: [full()], segments: segments(segment(4)) } };
  assert.equal(said({ backup: 'latest.tar.gz' }, archives), QUIET);
  assert.match(
    judged({ backup: 'latest.tar.gz', lsn: '0/1000000' }, archives).too_early,
    /of the oldest backup/,
  );
});

test('too little room is told in MiB, and what could not be looked at says nothing', () => {
  const archives = { db1: { fulls: [full()] }, db2: { segments: segments(segment(9)) } };
  assert.is(
    judged({}, archives, 8 << 20).room,
    `db1 has 8 MiB free where ${INTO} belongs, and about 108 MiB are needed to restore ${FULL} beside what is there`,
  );
  assert.is(judged({}, archives, 108 << 20).room, '');
  assert.equal(said({}, { ...archives, db3: 'db3 could not be reached' }), {
    ...QUIET,
    unseen: ['db3 could not be reached'],
  });
});

test.run();
