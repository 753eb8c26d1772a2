import type { ChildProcess } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { patroniFact } from '../../src/facts/patroni.ts';
import { type PatroniConfig, patroniConfigFact, type Settings } from '../../src/facts/patroni-config.ts';
import { type Postgres, postgresFact } from '../../src/facts/postgres.ts';
import { patchOf, settingChanges } from '../../src/resources/parts/patroni-settings.ts';
import { patroniConfig } from '../../src/resources/patroni-config.ts';
import { servePatroni } from './patroni-server.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { apply } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ machine: StubMachine; servers: ChildProcess[] }>('patroni_config');

test.before.each((context) => {
  context.machine = stubMachine();
  context.servers = [];
});
test.after.each(({ machine, servers }) => {
  machine.remove();
  for (const server of servers) server.kill();
});

const CURRENT: Settings = {
  ttl: 30,
  postgresql: { use_slots: true, parameters: { archive_mode: 'on', wal_level: 'replica', fsync: true } },
};

/** Wanted, and the patch that it comes to; undefined where nothing differs. */
const PATCHES: readonly (readonly [string, Settings, Settings | undefined])[] = [
  ['the same', { ttl: 30 }, undefined],
  ['the same as text', { ttl: '30' }, undefined],
  ['true for a parameter that is on', { postgresql: { parameters: { archive_mode: true } } }, undefined],
  ['on for a parameter that is true', { postgresql: { parameters: { fsync: 'on' } } }, undefined],
  [
    'off for it',
    { postgresql: { parameters: { fsync: false } } },
    { postgresql: { parameters: { fsync: false } } },
  ],
  ['another number', { ttl: 20 }, { ttl: 20 }],
  ['a new mapping', { a: { b: 1, c: { d: 2 } } }, { a: { b: 1, c: { d: 2 } } }],
  ['a null in something new', { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ['null for what is not there', { a: null, b: { c: null } }, undefined],
  [
    'null for what is there',
    { postgresql: { parameters: { wal_level: null } } },
    { postgresql: { parameters: { wal_level: null } } },
  ],
  ['a mapping in the place of a number', { ttl: { x: 1, y: null } }, { ttl: { x: 1 } }],
  ['a list', { pg_hba: ['local all all peer'] }, { pg_hba: ['local all all peer'] }],
];

for (const [title, wanted, patch] of PATCHES)
  test(`${title} comes to ${JSON.stringify(patch) ?? 'nothing'}`, () => {
    const changes = settingChanges(wanted, CURRENT);
    assert.equal(changes.length === 0 ? undefined : patchOf(changes), patch);
  });

const POSTGRES: Postgres = {
  version: '15.20',
  inRecovery: false,
  archiver: { archived: 0, failed: 0, lastArchived: '', lastFailed: '' },
  settings: {
    archive_mode: { value: 'off', context: 'postmaster', pendingRestart: false },
    archive_command: { value: '', context: 'sighup', pendingRestart: false },
    block_size: { value: '8192', context: 'internal', pendingRestart: false },
    TimeZone: { value: 'UTC', context: 'user', pendingRestart: false },
  },
};

const CONFIG: PatroniConfig = { settings: CURRENT, urls: ['http://10.0.0.1:8008'] };

function diff(
  parameters: Settings,
  configs: readonly Looked<PatroniConfig>[] = [value(CONFIG)],
  postgres: Looked<Postgres> = value(POSTGRES),
) {
  const members = configs.map((config, index) => [
    `db${index + 1}`,
    facts([patroniConfigFact(), config], [patroniFact(), ABSENT], [postgresFact(), postgres]),
  ]);
  const settings = { postgresql: { parameters } };
  return patroniConfig.diff({ members: 'db', settings }, viewOfMembers(Object.fromEntries(members)));
}

const JUDGED: readonly (readonly [string, Settings, string, string, RegExp])[] = [
  [
    'a parameter that needs no restart',
    { archive_command: 'x %p' },
    'update',
    'changes',
    /^takes effect with a reload: archive_command$/,
  ],
  [
    'one that needs a restart',
    { archive_mode: 'always', archive_command: 'x' },
    'update',
    'restarts',
    /^takes effect with a restart of PostgreSQL: archive_mode; with a reload: archive_command$/,
  ],
  ['a misspelt one', { archive_comand: 'x' }, 'blocked', 'reads', /knows no parameter archive_comand/],
  ["an extension's", { 'pg_x.y': 1 }, 'update', 'changes', /with a reload: pg_x\.y$/],
  ['one in another case', { timezone: 'GMT' }, 'update', 'changes', /with a reload: timezone$/],
  ['one that is fixed', { block_size: 1 }, 'blocked', 'reads', /block_size is fixed \(its value is 8192\)/],
];

for (const [title, parameters, action, risk, reason] of JUDGED)
  test(`${title}: ${action}, ${risk}`, () => {
    const change = diff(parameters);
    assert.equal([change.action, change.risk], [action, risk], change.reason);
    assert.match(change.reason ?? '', reason);
  });

test('where PostgreSQL cannot be asked, all may need a restart, and it is said', () => {
  const change = diff({ archive_command: 'x' }, [value(CONFIG)], unreadable('no route'));
  assert.equal([change.action, change.risk], ['update', 'restarts']);
  assert.match(change.reason ?? '', /so all may \(db1: no route\)/);
});

test('without an answer from any member it is blocked, with every reason', () => {
  const change = diff({ archive_command: 'x' }, [ABSENT, unreadable('db2 could not be reached')]);
  assert.match(change.reason ?? '', /db1: nothing listens there; db2: db2 could not be reached/);
});

test('a member that has not seen a change yet makes it due', () => {
  const seen: PatroniConfig = {
    ...CONFIG,
    settings: { postgresql: { parameters: { archive_command: 'x' } } },
  };
  assert.is(diff({ archive_command: 'x' }, [value(seen), value(CONFIG)]).action, 'update');
  assert.is(diff({ archive_command: 'x' }, [value(seen), value(seen)]).action, 'none');
});

test('the change is made through REST, and waited for until members are marked', async ({
  machine,
  servers,
}) => {
  machine.write('passwd', 'postgres:x:100:100::/:/bin/sh\n');
  machine.write('psql.answer', JSON.stringify(POSTGRES));
  const port = await servePatroni(servers, { config: CURRENT, pending: true });
  const odd = `/x 'a b' "$(touch pwned)" \\ %p`;
  const settings = {
    ttl: 20,
    postgresql: { parameters: { archive_mode: 'always', archive_command: odd, wal_level: null } },
  };
  const { before, results, after, registered } = apply(machine, patroniConfig, {
    members: 'db',
    settings,
    port,
  });
  assert.equal([before.action, before.risk], ['update', 'restarts'], before.reason);
  assert.is(results[0]?.status, 0, results[0]?.stderr);
  assert.is(after.action, 'none', after.reason);
  assert.equal(registered, { restart_required: ['archive_mode'], pending_restart: ['db1'] });
});

test('a change that Patroni refuses fails with what it said', async ({ machine, servers }) => {
  const port = await servePatroni(servers, { config: CURRENT, refuse: true });
  const { results } = apply(machine, patroniConfig, { members: 'db', settings: { ttl: 20 }, port });
  assert.is(results[0]?.status, 1);
  assert.match(results[0]?.stderr ?? '', /refused the change \(HTTP status 400\): no/);
});

test.run();
