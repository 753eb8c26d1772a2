import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { postgresqlConf } from '../../src/resources/postgresql-conf.ts';
import { SCRATCH, type StubMachine, stubMachine } from './stub-machine.ts';
import { apply, plan } from './tiny-engine.ts';

const test = suite<{ machine: StubMachine; dir: string }>('postgresql_conf');

test.before.each((context) => {
  context.machine = stubMachine();
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-conf-'));
  mkdirSync(join(context.dir, 'conf.d'));
  writeFileSync(
    join(context.dir, 'postgresql.conf'),
    "port = 5432\n  include_dir 'conf.d' # as Debian has it\n",
  );
});
test.after.each(({ machine, dir }) => {
  machine.remove();
  rmSync(dir, { recursive: true });
});

const setting = (context: string) => ({ value: '', context, pendingRestart: false });
const SERVER = {
  version: '15',
  inRecovery: false,
  archiver: {},
  settings: {
    archive_mode: setting('postmaster'),
    archive_command: setting('sighup'),
    fsync: setting('sighup'),
  },
};

function args(dir: string, settings: object) {
  return { name: 'fanatico', config: join(dir, 'postgresql.conf'), settings };
}

function answer(machine: StubMachine): void {
  machine.write('passwd', 'postgres:x:100:100::/:/bin/sh\n');
  machine.write('psql.answer', JSON.stringify(SERVER));
}

test('values are quoted as PostgreSQL reads them', ({ machine, dir }) => {
  const settings = { archive_command: "/x 'a' %p \\ \n", fsync: false, archive_mode: 'on', 'x.y': 2 };
  const { after } = apply(machine, postgresqlConf, args(dir, settings));
  assert.is(after.action, 'none');
  assert.equal(readFileSync(join(dir, 'conf.d/fanatico.conf'), 'utf8').split('\n').slice(1), [
    "archive_command = '/x ''a'' %p \\\\ \\n'",
    'fsync = off',
    "archive_mode = 'on'",
    'x.y = 2',
    '',
  ]);
});

test('only what changed counts: a restart is named where one is needed', ({ machine, dir }) => {
  answer(machine);
  const first = apply(machine, postgresqlConf, args(dir, { archive_mode: 'on', archive_command: 'a' }));
  assert.is(first.before.risk, 'restarts');
  assert.match(
    first.before.reason ?? '',
    /^takes effect with a restart of PostgreSQL: archive_mode; with a reload: archive_command$/,
  );
  assert.equal(first.registered, {
    path: join(dir, 'conf.d/fanatico.conf'),
    restart_required: ['archive_mode'],
  });
  const second = apply(machine, postgresqlConf, args(dir, { archive_mode: 'on', archive_command: 'b' }));
  assert.equal([second.before.action, second.before.risk], ['update', 'changes']);
  assert.match(second.before.reason ?? '', /^takes effect with a reload: archive_command$/);
  const third = apply(machine, postgresqlConf, args(dir, { archive_command: 'b' }));
  assert.is(third.before.risk, 'restarts', 'a parameter that goes needs one, too');
});

test('a misspelt parameter is refused where the server answers', ({ machine, dir }) => {
  answer(machine);
  const { change } = plan(machine, postgresqlConf, args(dir, { archiv_mode: 'on' }));
  assert.match(change.reason ?? '', /knows no parameter archiv_mode/);
});

test('a directory that postgresql.conf does not include is said, with the line', ({ machine, dir }) => {
  const { change } = plan(machine, postgresqlConf, { ...args(dir, { fsync: true }), directory: 'other' });
  assert.match(change.reason ?? '', /does not include .*\/other: add the line include_dir = 'other'/);
});

test('where there is no postgresql.conf nothing is written', ({ machine, dir }) => {
  const { change } = plan(machine, postgresqlConf, { ...args(dir, { fsync: true }), config: join(dir, 'x') });
  assert.match(change.reason ?? '', /does not exist: is it the right server/);
});

test.run();
