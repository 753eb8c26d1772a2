// Both forms of the backup system's schedule: lines that cron takes, of scripts that are there; and the same of both.
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rendered, scope } from '../language/load.ts';

const VARIABLES = [
  {},
  { s3_bucket: 'backups' },
  { backup_etcd_endpoint: 'http://10.0.0.1:2379', blockchain_database: '/srv/chain.db' },
] as const;
const TIMES = String.raw`((?:[\d*/]+ ){5})`;
const COMMAND = String.raw`(/opt/fanatico/backup/scripts/(\S+\.sh)(?: --[a-z0-9-]+)* >>/\S+\.log 2>&1)`;

/** Times, user, command, script of each line; and what is neither a comment nor a setting nor such a line. */
function lines(form: 'cron.d' | 'crontab', variables: object): { jobs: string[][]; others: string[] } {
  const user = form === 'cron.d' ? '(postgres|root) ' : '()';
  const job = new RegExp(`^${TIMES}${user}${COMMAND}$`);
  const text = rendered(
    readFileSync(`templates/backup/${form}.hbs`, 'utf8'),
    scope(),
    `vars: ${JSON.stringify(variables)}\n`,
  );
  assert.type(text, 'string');
  const all = String(text).split('\n');
  assert.is(all.pop(), '', 'cron leaves out a last line without its end');
  const kept = all.filter((line) => !/^#|^[A-Z_]+=\S*$/.test(line));
  const jobs = kept.map((line) => job.exec(line)?.slice(1) ?? []);
  return { jobs, others: kept.filter((line) => !job.test(line)) };
}

for (const variables of VARIABLES)
  test(`both forms are cron's, name only scripts that are there, and say the same: ${JSON.stringify(variables)}`, () => {
    const [installed, plain] = [lines('cron.d', variables), lines('crontab', variables)];
    assert.equal([...installed.others, ...plain.others], []);
    const withoutUser = installed.jobs.map(([times, , ...rest]) => [times, '', ...rest]);
    assert.equal(withoutUser, plain.jobs);
    assert.ok(plain.jobs.length >= 6);
    for (const [, , command = '', script = ''] of plain.jobs) {
      assert.ok(existsSync(`templates/backup/${script}`), script);
      assert.not.match(command, /%/, 'cron takes % for the end of a line');
    }
    assert.equal(new Set(plain.jobs.map(([, , , script]) => script)).size, plain.jobs.length, 'each once');
  });

test.run();
