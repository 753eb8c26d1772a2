import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { postgresRoleFact, type RoleView } from '../../src/facts/postgres-role.ts';
import { isPasswordOf } from '../../src/resources/parts/verifier.ts';
import { postgresqlRole } from '../../src/resources/postgresql-role.ts';
import { AS_POSTGRES, PG_BIN, run } from '../scripts/backup-host.ts';
import { PostgresServer } from '../scripts/postgres-server.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { apply } from './tiny-engine.ts';
import { facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ machine: StubMachine }>('postgresql_role');

test.before.each((context) => {
  context.machine = stubMachine();
  context.machine.write('passwd', 'postgres:x:100:100::/:/bin/sh\n');
});
test.after.each(({ machine }) => machine.remove());

// As PostgreSQL 15 keeps the password "hunter22".
const SCRAM =
  'SCRAM-SHA-256$4096:G75uSqC5OaJBDBZ8ysiAZA==$YiqcVN5MbxDvjKBmlYyMRWoDVkZ7o1Buv+GYwd5ge8k=:0YmAM9mso004BxxLmJFhmwkGNkXZd+R1Vvhi1kqtCuY=';
const MD5_OF_XX = 'md5f5bd49accbba77c0f079b3d0fff80c9a';
const ROLE = {
  login: true,
  superuser: false,
  replication: false,
  createdb: false,
  createrole: false,
  memberOf: ['a'],
};

test('a verifier tells the right password from a wrong one', () => {
  assert.is(isPasswordOf('hunter22', 'app', SCRAM), true);
  assert.is(isPasswordOf('hunter23', 'app', SCRAM), false);
  assert.is(isPasswordOf('hunter22', 'xx', MD5_OF_XX), true);
  assert.is(isPasswordOf('hunter22', 'app', MD5_OF_XX), false);
  assert.is(isPasswordOf('hunter22', 'app', 'nonsense'), false);
});

function diff(args: object, ...views: readonly RoleView[]) {
  const members = views.map((view, index) => [
    `db${index + 1}`,
    facts([postgresRoleFact('app'), value(view)]),
  ]);
  return postgresqlRole.diff(
    { members: 'db', name: 'app', ...args },
    viewOfMembers(Object.fromEntries(members)),
  );
}

const LED: RoleView = { inRecovery: false, role: { ...ROLE, verifier: Secret.open(SCRAM) } };

const DIFFS: readonly (readonly [string, object, string, readonly string[]])[] = [
  ['nothing said', {}, 'none', []],
  ['the same', { login: true, member_of: ['a'], superuser: false }, 'none', []],
  ['another flag', { login: false, replication: true }, 'update', ['login', 'replication']],
  ['another role to be in', { member_of: ['b', 'a'] }, 'update', ['member_of']],
  ['a wrong password', { password: 'x' }, 'none', []],
  ['a wrong password, to be updated', { password: 'x', update_password: 'always' }, 'update', ['password']],
  ['the right password, to be updated', { password: 'hunter22', update_password: 'always' }, 'none', []],
];

for (const [title, args, action, fields] of DIFFS)
  test(`${title}: ${action}`, () => {
    const change = diff(args, { inRecovery: true }, LED);
    assert.equal([change.action, change.fields.map((f) => f.field)], [action, fields]);
  });

test('it is done on the member that takes writes, as postgres', () => {
  const view = viewOfMembers({
    db1: facts([postgresRoleFact('app'), unreadable('down')]),
    db2: facts([postgresRoleFact('app'), value({ inRecovery: false })]),
  });
  const args = { members: 'db', name: 'app' };
  const [command] = postgresqlRole.commands(args, postgresqlRole.diff(args, view), view);
  assert.equal(command?.kind === 'shell' && [command.on, command.as], ['db2', 'postgres']);
});

test('with no leader, or two, nothing is done', () => {
  assert.match(diff({}, { inRecovery: true }).reason ?? '', /no member takes writes: db1: a standby/);
  assert.match(diff({}, LED, LED).reason ?? '', /db1 and db2 both take writes/);
});

test('the password goes by stdin alone, and the server is told to log nothing of it', ({ machine }) => {
  const name = `we"ird' name`;
  machine.write('psql.answer', JSON.stringify({ inRecovery: false, role: null }));
  const password = Secret.open("it's\\ $(x)");
  const { before, commands } = apply(machine, postgresqlRole, {
    members: 'db',
    name,
    login: true,
    createdb: false,
    password,
    member_of: ['g"h'],
  });
  const sql = readFileSync(join(machine.state, 'psql.sql'), 'utf8');
  assert.match(sql, /CREATE ROLE "we""ird' name" LOGIN PASSWORD {1,2}E'it''s\\\\ \$\(x\)';/);
  assert.match(sql, /GRANT "g""h" TO "we""ird' name";/);
  assert.ok(sql.indexOf("log_statement = 'none'") < sql.indexOf('CREATE ROLE'));
  assert.not(JSON.stringify([before, commands]).includes("it's"));
});

test('a real server that logs and counts every statement keeps nothing of a password', () => {
  const server = new PostgresServer();
  try {
    const psql = ['-XAtq', '-h', server.dir, '-p', '5499', '-U', 'postgres', '-d', 'postgres'];
    server.sql("alter system set shared_preload_libraries = 'pg_stat_statements'");
    server.sql('alter system set log_transaction_sample_rate = 1');
    server.sql('alter system set log_min_duration_sample = 0');
    server.sql("alter system set log_statement = 'all'");
    const log = join(server.dir, 'log');
    const restart = [join(PG_BIN, 'pg_ctl'), '-D', server.data, '-l', log, '-w', 'restart'];
    run('setpriv', [...AS_POSTGRES, ...restart]);
    server.sql('create extension pg_stat_statements');
    const args = { members: 'db', name: 'app', password: Secret.open('hunter22') };
    const view = viewOfMembers({ db1: facts([postgresRoleFact('app'), value({ inRecovery: false })]) });
    const [command] = postgresqlRole.commands(args, postgresqlRole.diff(args, view), view);
    const stdin = command?.kind === 'shell' && command.stdin?.kind === 'text' ? command.stdin.text : '';
    const sql = stdin instanceof Secret ? stdin.expose() : stdin;
    run('psql', [...psql, '-v', 'ON_ERROR_STOP=1', '-f', '-'], sql);
    assert.is(
      server.sql("select count(*) from pg_authid where rolname = 'app' and rolpassword ~ 'SCRAM'"),
      '1',
    );
    assert.is(server.sql("select count(*) from pg_stat_statements where query ~ ('hunter' || '22')"), '0');
    assert.not.match(readFileSync(log, 'utf8'), /hunter22/);
  } finally {
    server.remove();
  }
});

test.run();
