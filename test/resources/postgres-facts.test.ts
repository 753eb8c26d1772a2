import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Postgres, postgres, postgresFact } from '../../src/facts/postgres.ts';
import { postgresFacts } from '../../src/resources/postgres-facts.ts';
import { lookAt } from '../facts/looking.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ machine: StubMachine }>('postgres_facts');

test.before.each((context) => {
  context.machine = stubMachine();
});
test.after.each(({ machine }) => machine.remove());

const SERVER: Postgres = {
  version: '15.20',
  inRecovery: false,
  archiver: { archived: 7, failed: 1, lastArchived: '00000001000000000000000A', lastFailed: '' },
  settings: {
    archive_mode: { value: 'off', context: 'postmaster', pendingRestart: true },
    fsync: { value: 'on', context: 'sighup', pendingRestart: false },
  },
};

function look({ shell: _, env }: StubMachine) {
  return lookAt(postgres, [5432], { ...(env ? { env } : {}) })[0];
}

test('a host without PostgreSQL, and one where none listens, are told from one that does not answer', ({
  machine,
}) => {
  assert.equal(look(machine), ABSENT, 'no account');
  machine.write('passwd', 'postgres:x:100:100::/:/bin/sh\n');
  assert.equal(look(machine), ABSENT, 'no socket');
  machine.write('psql.answer', 'psql: error: FATAL:  the database system is starting up');
  machine.write('psql.status', '2');
  const looked = look(machine);
  assert.match(looked?.state === 'unreadable' ? looked.reason : '', /could not be asked: .*is starting up/);
});

test('what a server says of itself is read', ({ machine }) => {
  machine.write('passwd', 'postgres:x:100:100::/:/bin/sh\n');
  machine.write('psql.answer', JSON.stringify(SERVER));
  assert.equal(look(machine), value(SERVER));
});

test('the members, who leads, and who waits for a restart', () => {
  const view = viewOfMembers({
    db1: facts([postgresFact(), value(SERVER)]),
    db2: facts([postgresFact(), value({ ...SERVER, inRecovery: true, settings: {} })]),
    db3: facts([postgresFact(), ABSENT]),
    db4: facts([postgresFact(), unreadable('no route')]),
  });
  const { members, ...rest } = postgresFacts.registered(
    { members: 'db' },
    postgresFacts.diff({ members: 'db' }, view),
    [],
    view,
  );
  assert.equal(rest, { leader: 'db1', pending_restart: ['db1'], silent: ['db3'], unseen: ['db4: no route'] });
  assert.equal(Object.keys(members), ['db1', 'db2']);
  assert.equal(
    [members.db1?.pending_restart, members.db1?.archived, members.db1?.settings.fsync],
    [['archive_mode'], 7, 'on'],
  );
});

test('two that take writes are no leader', () => {
  const view = viewOfMembers({
    a: facts([postgresFact(), value(SERVER)]),
    b: facts([postgresFact(), value(SERVER)]),
  });
  const result = postgresFacts.registered(
    { members: 'db' },
    postgresFacts.diff({ members: 'db' }, view),
    [],
    view,
  );
  assert.is(result.leader, '');
});

test.run();
