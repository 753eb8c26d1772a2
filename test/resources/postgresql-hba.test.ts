import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { postgresqlHba } from '../../src/resources/postgresql-hba.ts';
import { PostgresServer } from '../scripts/postgres-server.ts';
import { expectRefusedArgs } from './cases.ts';
import { edited } from './editing.ts';
import { apply, type Machine } from './tiny-engine.ts';

const test = suite('postgresql_hba');

const OURS = { type: 'host', database: 'app', user: 'app', address: '10.0.0.0/8', method: 'scram-sha-256' };
const LINE = 'host    app             app             10.0.0.0/8              scram-sha-256\n';
const OLD = `# TYPE  DATABASE USER ADDRESS METHOD
local all all peer

# Of old
host  all  all  127.0.0.1/32  md5 # loopback
include_dir conf
`;

const EDITS: readonly (readonly [string, string, object, string])[] = [
  ['a rule goes before all others', OLD, { rules: [OURS] }, OLD.replace('local all', `${LINE}local all`)],
  [
    'or behind them',
    OLD,
    { rules: [OURS], position: 'last' },
    OLD.replace('include_dir', `${LINE}include_dir`),
  ],
  ['into a file without rules', '# nothing\n', { rules: [OURS] }, `# nothing\n${LINE}`],
  [
    'what is there already stays as it is written',
    'host app "app" 10.0.0.0 255.0.0.0 scram-sha-256 # ours\n',
    { rules: [OURS] },
    'host app "app" 10.0.0.0 255.0.0.0 scram-sha-256 # ours\n',
  ],
  [
    'one in the wrong place moves',
    `local all all peer\nhost app app 10.0.0.0/8 scram-sha-256\n`,
    { rules: [OURS] },
    `host app app 10.0.0.0/8 scram-sha-256\nlocal all all peer\n`,
  ],
  [
    'another rule about the same connections is replaced',
    'local all all peer\nhost app app 10.0.0.0/8 trust\n',
    { rules: [OURS] },
    `${LINE}local all all peer\n`,
  ],
  [
    'several keep their order',
    'host app app 10.0.0.0/8 scram-sha-256\n',
    { rules: [{ type: 'local', method: 'peer', options: { map: 'two words' } }, OURS] },
    'local   all             all                                     peer "map=two words"\nhost app app 10.0.0.0/8 scram-sha-256\n',
  ],
  ['a rule that is to go', `${LINE}${OLD}`, { rules: [OURS], state: 'absent' }, OLD],
  [
    'only that very rule goes',
    'host app app 10.0.0.0/8 md5\n',
    { rules: [OURS], state: 'absent' },
    'host app app 10.0.0.0/8 md5\n',
  ],
  [
    'names with odd characters are quoted, lists are lists',
    '',
    { rules: [{ ...OURS, database: ['a b', 'c'], user: ['x"y', '+dba'] }] },
    'host    "a b",c         "x""y",+dba     10.0.0.0/8              scram-sha-256\n',
  ],
  [
    'a database called like a keyword is another one',
    'host "replication" app 10.0.0.0/8 md5\n',
    { rules: [{ ...OURS, database: 'replication' }], position: 'last' },
    'host "replication" app 10.0.0.0/8 md5\nhost    replication     app             10.0.0.0/8              scram-sha-256\n',
  ],
  [
    'a rule over two lines is one rule',
    'host app, x \\\n  app 10.0.0.0/8 trust\n',
    { rules: [{ ...OURS, database: ['x', 'app'] }] },
    'host    x,app           app             10.0.0.0/8              scram-sha-256\n',
  ],
];

for (const [title, before, args, after] of EDITS)
  test(title, () => {
    const result = edited(postgresqlHba, before, args);
    assert.is(result.text, after, result.before.reason);
    assert.is(result.after.action, 'none');
    assert.is(result.before.action, before === after ? 'none' : 'update');
    if (before !== after) assert.is(result.before.reason, 'takes effect with a reload of PostgreSQL');
  });

const PATH = { path: '/etc/pg_hba.conf' };
expectRefusedArgs(test, postgresqlHba, [
  PATH,
  { ...PATH, rules: [] },
  { ...PATH, rules: [{ ...OURS, type: 'tcp' }] },
  { ...PATH, rules: [{ ...OURS, method: 'none' }] },
  { ...PATH, rules: [{ ...OURS, user: 'a\nhost all all all trust' }] },
  { ...PATH, rules: [{ ...OURS, address: '10.0.0.0/8 trust' }] },
  { ...PATH, rules: [{ ...OURS, type: 'local' }] },
  { ...PATH, rules: [{ type: 'host', method: 'trust' }] },
]);

/** A real server, its file, and a shell that reaches it. */
function withServer(use: (server: PostgresServer, path: string, machine: Machine) => void): void {
  const server = new PostgresServer();
  try {
    use(server, join(server.data, 'pg_hba.conf'), {
      shell: ['sh'],
      env: { ...process.env, PGHOST: server.dir },
    });
  } finally {
    server.remove();
  }
}

test('a server takes what was written, with the owner that it had; what it cannot read does not stay', () =>
  withServer((server, path, machine) => {
    const args = { path, port: 5499, rules: [OURS, { type: 'host', method: 'reject', address: 'all' }] };
    const before = statSync(path);
    const { results, after } = apply(machine, postgresqlHba, args);
    assert.is(results[0]?.status, 0, results[0]?.stderr);
    assert.is(after.action, 'none');
    assert.equal([statSync(path).uid, statSync(path).mode], [before.uid, before.mode]);
    assert.is(server.sql("select count(*) from pg_hba_file_rules where auth_method = 'reject'"), '1');

    const good = readFileSync(path, 'utf8');
    const cert = { type: 'host', method: 'cert', address: '10.1.0.0/16' };
    const bad = apply(machine, postgresqlHba, { ...args, rules: [cert] });
    assert.is(bad.results[0]?.status, 1);
    assert.match(
      bad.results[0]?.stderr ?? '',
      /PostgreSQL cannot read the new file: line \d+: .*\nthe old file is back/,
    );
    assert.is(readFileSync(path, 'utf8'), good);
    assert.equal([statSync(path).uid, statSync(path).mode], [before.uid, before.mode]);

    const other = join(server.dir, 'other.conf');
    copyFileSync(path, other);
    const elsewhere = apply(machine, postgresqlHba, {
      ...args,
      path: other,
      rules: [{ ...OURS, user: 'x' }],
    });
    assert.match(
      elsewhere.before.reason ?? '',
      /the server on port 5499 reads .*pg_hba\.conf, which is another file/,
    );
  }));

test('a new file that does not pass its validation leaves the old one', () => {
  const { results, text } = edited(postgresqlHba, 'a\n', { rules: [OURS], validate: 'grep -q zzz %s' });
  assert.equal([results[0]?.status, text], [1, 'a\n']);
});

test.run();
