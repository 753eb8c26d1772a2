// Both forms of the backup system's schedule: lines that cron takes, of scripts that are there; and the same of both.
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rendered, scope } from '../language/load.ts';

const VARIABLES = [
  {},
  { s3_bucket: 'backups' },
  { backup_pg_host: '', blockchain_database: '/srv/chain.db' },
  { backup_etcd_endpoint: 'http://10.0.0.1:2379', blockchain_database: '/srv/chain.db' },
] as const;
const TIMES = String.raw`((?:[\d*/]+ ){5})`;
const COMMAND = String.raw`(/opt/fanatico/backup/scripts/(\S+\.sh)(?: --[a-z0-9-]+)*)`;
/** What postgres runs writes its own log; what root runs, a program of postgres. */
const AS_POSTGRES = String.raw` >>/\S+\.log 2>&1`;
const AS_ROOT = String.raw` 2>&1 \| runuser -u postgres -- tee -a /\S+\.log >/dev/null`;

/** Times, command, script of each line; and what is neither a comment nor a setting nor such a line. */
function lines(form: 'cron.d' | 'crontab', variables: object): { jobs: string[][]; others: string[] } {
  const job = new RegExp(
    form === 'crontab'
      ? `^${TIMES}${COMMAND}${AS_POSTGRES}$`
      : `^${TIMES}(?:postgres ${COMMAND}${AS_POSTGRES}|root ${COMMAND}${AS_ROOT})$`,
  );
  const text = rendered(
    readFileSync(`templates/backup/${form}.hbs`, 'utf8'),
    scope(),
    `vars: ${JSON.stringify(variables)}\n`,
  );
  assert.type(text, 'string');
  const all = String(text).split('\n');
  assert.is(all.pop(), '', 'cron leaves out a last line without its end');
  const kept = all.filter((line) => !/^#|^[A-Z_]+=\S*$/.test(line));
  const jobs = kept.map((line) => job.exec(line)?.slice(1).filter(Boolean) ?? []);
  return { jobs, others: kept.filter((line) => !job.test(line)) };
}

for (const variables of VARIABLES)
  test(`both forms are cron's, name only scripts that are there, and say the same: ${JSON.stringify(variables)}`, () => {
    const [installed, plain] = [lines('cron.d', variables), lines('crontab', variables)];
    assert.equal([...installed.others, ...plain.others], []);
    assert.equal(installed.jobs, plain.jobs);
    assert.ok(plain.jobs.length >= 3);
    for (const [, command = '', script = ''] of plain.jobs) {
      assert.ok(existsSync(`templates/backup/${script}`), script);
      assert.not.match(command, /%/, 'cron takes % for the end of a line');
    }
    assert.equal(new Set(plain.jobs.map(([, , script]) => script)).size, plain.jobs.length, 'each once');
  });

test('without a server nothing of PostgreSQL is scheduled', () => {
  const { jobs } = lines('cron.d', { backup_pg_host: '', blockchain_database: '/srv/chain.db' });
  const scripts = jobs.map(([, , script = '']) => script).sort();
  assert.equal(scripts, ['backup-blockchain.sh', 'backup-config.sh', 'backup-retention.sh']);
});

test.run();
