import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { postgresAnswerFact } from '../../src/facts/postgres-answer.ts';
import { postgresqlQuery } from '../../src/resources/postgresql-query.ts';
import { PostgresServer } from '../scripts/postgres-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { HOSTILE_NAMES } from './specimens.ts';
import { apply, type Machine, plan } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<{ server: PostgresServer; machine: Machine }>('postgresql_query');

test.before((context) => {
  context.server = new PostgresServer();
  const { PG_HOST: PGHOST } = context.server.settings;
  context.machine = { shell: ['sh'], env: { ...process.env, PGHOST } };
});
test.after(({ server }) => server.remove());

const PORT = { port: 5499 };
const DONE = postgresAnswerFact({ db: 'postgres', port: 5432, user: 'postgres', sql: 'SELECT done' });
const NOT_RUN = { rows: [], rowcount: 0, status: null, truncated: false };

const CASES: readonly Case[] = [
  {
    title: 'a query that only reads touches nothing',
    args: { query: 'SELECT 1', read_only: true, db: "it's", user: 'app', timeout: '9s' },
    facts: facts(),
    change: { action: 'run', risk: 'reads', fields: [] },
    commands: [
      {
        as: 'postgres',
        display: 'psql: SELECT 1',
        script:
          /default_transaction_read_only=on.* --csv .*-d 'dbname='\\''it\\'\\''s'\\''' -p 5432 -U app -f -$/s,
        timeoutMs: 9000,
      },
    ],
    touches: [],
  },
  {
    title: 'what holds already is not done again',
    args: { query: 'DO IT', unless: 'SELECT done' },
    facts: facts([DONE, value({ holds: true })]),
    change: NOTHING,
    registered: NOT_RUN,
  },
  {
    title: 'what does not hold is not done',
    args: { query: 'DO IT', only_if: 'SELECT done' },
    facts: facts([DONE, value({ holds: false })]),
    change: NOTHING,
  },
  {
    title: 'where nobody may ask, it is unknown',
    args: { query: 'DO IT', only_if: 'SELECT done' },
    facts: facts([DONE, value({ holds: null })]),
    change: { action: 'unknown', risk: 'changes', fields: [], reason: /--no-user-probes/ },
    commands: [{ display: 'psql: DO IT' }],
  },
  {
    title: 'where nobody answers, nothing is done',
    args: { query: 'DO IT', only_if: 'SELECT done' },
    facts: facts([DONE, unreadable('connection refused')]),
    change: refusal(/^`only_if` gave no answer: connection refused$/),
  },
  {
    title: 'a question without an answer is no yes',
    args: { query: 'DO IT', only_if: 'SELECT done' },
    facts: facts([DONE, ABSENT]),
    change: refusal(/^`only_if` gave no answer/),
  },
  {
    title: 'a parameter that nothing uses is a mistake',
    args: { query: 'SELECT 1', parameters: { a: 1 } },
    facts: facts(),
    change: refusal(/^nothing uses the parameter a: write :a in the query$/),
  },
  {
    title: 'a question with a secret is not asked',
    args: { query: 'SELECT 1', only_if: 'SELECT :p', parameters: { p: Secret.open('hush') } },
    facts: facts(),
    change: refusal(/^`only_if`: it uses a secret/),
  },
  {
    title: 'several statements are not done by halves',
    args: { query: ['VACUUM', 'VACUUM'], autocommit: true },
    facts: facts(),
    change: refusal(/would end half done/),
  },
];
expectCases(test, postgresqlQuery, CASES);

expectRefusedArgs(test, postgresqlQuery, [
  {},
  { query: ' ' },
  { query: [] },
  { query: 'SELECT 1', db: '' },
  { query: 'SELECT 1', parameters: { 'a b': 1 } },
  { query: 'SELECT 1', parameters: { a: [1] } },
]);

test('rows are registered, whatever they hold', ({ machine }) => {
  const query = `SELECT * FROM (VALUES (1, E'a,"b"\\nc', NULL, ''), (2, '', 'x', '\\u2400 y')) v(n, "odd ""name""", c, d)`;
  const { registered } = apply(machine, postgresqlQuery, { ...PORT, query, read_only: true });
  assert.equal(registered, {
    rows: [
      { n: '1', 'odd "name"': 'a,"b"\nc', c: null, d: '' },
      { n: '2', 'odd "name"': '', c: 'x', d: '\\u2400 y' },
    ],
    rowcount: 2,
    status: 0,
    truncated: false,
  });
});

test('any text comes back as it was given, and nothing else happens', ({ machine }) => {
  const texts = [
    ...HOSTILE_NAMES,
    "'); DROP TABLE x; --",
    "\\' || 1",
    '\\! touch pwned',
    ':a',
    '$$',
    'x'.repeat(1 << 20),
  ];
  for (const a of texts) {
    const parameters = { a: Secret.open(a), b: a };
    const query = 'SELECT :a AS a, :b AS b';
    const { registered, results } = apply(machine, postgresqlQuery, { ...PORT, query, parameters });
    assert.is(results[0]?.status, 0, results[0]?.stderr);
    assert.equal((registered as { rows: unknown }).rows, [{ a, b: a }]);
  }
});

test('the text of a query is for the server alone', ({ machine }) => {
  for (const query of ['\\! touch pwned', 'SELECT 1 \\g /tmp/pwned', '\\set x 1', 'SELECT :x']) {
    const { results, before } = apply(machine, postgresqlQuery, { ...PORT, query });
    if (before.action === 'blocked') continue;
    assert.is.not(results[0]?.status, 0, query);
    assert.match(results[0]?.stderr ?? '', /syntax error/);
  }
});

test('statements are one transaction, and the last one is registered', ({ machine, server }) => {
  const query = ['CREATE TABLE t (n int)', 'INSERT INTO t VALUES (1), (:n) RETURNING n'];
  const { registered } = apply(machine, postgresqlQuery, { ...PORT, query, parameters: { n: -2 } });
  assert.equal(registered, { rows: [{ n: '1' }, { n: '-2' }], rowcount: 2, status: 0, truncated: false });
  const failing = ['INSERT INTO t VALUES (3)', 'SELECT 1/0'];
  const { results } = apply(machine, postgresqlQuery, { ...PORT, query: failing });
  assert.is(results[0]?.status, 3);
  assert.match(results[0]?.stderr ?? '', /division by zero/);
  assert.is(server.sql('SELECT count(*) FROM t'), '2');
});

test('an update says how many rows it changed, and gives none', ({ machine, server }) => {
  server.sql('CREATE TABLE u AS SELECT 1 AS n FROM generate_series(1, 3)');
  const { registered } = apply(machine, postgresqlQuery, { ...PORT, query: 'UPDATE u SET n = 2' });
  assert.equal(registered, { rows: [], rowcount: 3, status: 0, truncated: false });
});

test('a statement that gives nothing has no rows', ({ machine }) => {
  const { registered } = apply(machine, postgresqlQuery, { ...PORT, query: 'CREATE TABLE w (n int)' });
  assert.equal(registered, { rows: [], rowcount: 0, status: 0, truncated: false });
  const empty = apply(machine, postgresqlQuery, { ...PORT, query: 'SELECT 1 WHERE false' });
  assert.equal(empty.registered, { rows: [], rowcount: 0, status: 0, truncated: false });
});

test('a transaction that only reads refuses to write', ({ machine }) => {
  const args = { ...PORT, query: 'CREATE TABLE never ()', read_only: true };
  const { results } = apply(machine, postgresqlQuery, args);
  assert.match(results[0]?.stderr ?? '', /cannot execute CREATE TABLE in a read-only transaction/);
});

test('what no transaction can hold runs without', ({ machine }) => {
  assert.match(
    apply(machine, postgresqlQuery, { ...PORT, query: 'VACUUM' }).results[0]?.stderr ?? '',
    /transaction block/,
  );
  const { results } = apply(machine, postgresqlQuery, { ...PORT, query: 'VACUUM', autocommit: true });
  assert.is(results[0]?.status, 0, results[0]?.stderr);
});

test('a question is asked by the plan, and cannot write', ({ machine }) => {
  const table = 'SELECT EXISTS (SELECT FROM pg_class WHERE relname = :name)';
  const args = { ...PORT, query: 'CREATE TABLE once ()', unless: table, parameters: { name: 'once' } };
  assert.is(apply(machine, postgresqlQuery, args).before.action, 'run');
  assert.is(plan(machine, postgresqlQuery, args).change.action, 'none');
  const writing = { ...PORT, query: 'SELECT 1', only_if: "SELECT pg_create_restore_point('x') IS NOT NULL" };
  const answers = plan(machine, postgresqlQuery, { ...writing, only_if: 'CREATE TABLE never ()' }).change;
  assert.match(answers.reason ?? '', /`only_if` gave no answer: .*read-only transaction/);
  const text = plan(machine, postgresqlQuery, { ...writing, only_if: "SELECT 'x'" }).change;
  assert.match(text.reason ?? '', /expected a boolean, found "x"/);
});

test('a secret reaches neither the script nor the log of the server', ({ machine, server }) => {
  server.sql("ALTER SYSTEM SET log_statement = 'all'");
  server.sql('SELECT pg_reload_conf()');
  const args = { ...PORT, query: 'SELECT length(:p)', parameters: { p: Secret.open('hunter-22') } };
  const { commands, registered } = apply(machine, postgresqlQuery, args);
  const [command] = commands;
  assert.not.match(JSON.stringify({ ...command, stdin: undefined }), 'hunter');
  assert.equal((registered as { rows: unknown }).rows, [{ length: '9' }]);
  assert.not.match(server.log(), 'hunter');
});

test.run();
