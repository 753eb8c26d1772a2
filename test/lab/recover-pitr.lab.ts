// The document's scenario 3 on real hosts: rows are deleted by mistake, and playbooks/recover-pitr.yml brings the state from before
// beside the cluster, from archives that lie on another node.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { noteRecovery, timed } from './objectives.ts';
import {
  archiveASegment,
  asPostgres,
  backUp,
  fanopsEnds,
  INVENTORY,
  labWithBackups,
  leader,
  momentOn,
  sqlOn,
  textOn,
} from './on-lab.ts';

const RESTORED = '/var/lib/postgresql/15/restored';

let [leads, target, moment] = ['', '', ''];

const runTo = (at: string, ...more: string[]): string[] => [
  ...['run', 'playbooks/recover-pitr.yml', '-i', INVENTORY, '-e', `target=${target}`, '-e', `at=${at}`],
  ...['--yes', ...more],
];

test('a backup, rows after it, and then most of them are deleted', () => {
  [leads, target] = labWithBackups();
  sqlOn(leads, 'drop table if exists orders; create table orders as select generate_series(1, 1000) as n');
  backUp(leads, '--verify');
  sqlOn(leads, 'insert into orders select generate_series(1001, 1500)');
  moment = momentOn(leads);
  sqlOn(leads, 'delete from orders where n > 200');
  archiveASegment(leads);
});

test('a moment that is still to come is refused, and nothing is restored', () => {
  const refused = fanopsEnds(5, ...runTo('2099-01-01 00:00:00+00:00'));
  assert.match(refused.all, /is still to come/);
  textOn(target, `test ! -e ${RESTORED}`);
});

test('the rows of that moment are there to be read, and the cluster is as it was', () => {
  const seconds = timed(() => fanopsEnds(0, ...runTo(moment)));
  assert.equal(
    asPostgres(target, `psql -XAtq -h ${RESTORED} -d postgres -c 'select count(*) from orders'`),
    '1500',
  );
  noteRecovery({
    scenario: 3,
    happened: 'rows deleted by mistake; their state from before, beside the cluster',
    runbook: 'recover-pitr.yml',
    serviceSeconds: seconds,
    doneSeconds: seconds,
    lost: { commits: 0, seconds: 0 },
  });
  assert.equal(sqlOn(leads, 'select count(*) from orders'), '200');
  assert.equal(leader(), leads);
});

test('another restore does not write over it, and going back stops it and keeps it aside', () => {
  fanopsEnds(3, ...runTo(moment));
  fanopsEnds(0, ...runTo(moment, '--undo', '4'));
  assert.equal(textOn(target, `pgrep -u postgres -fc 'postgres -D ${RESTORED}' || true`), '0');
  textOn(target, `ls -d ${RESTORED}.before-restore-*/PG_VERSION && rm -rf ${RESTORED}*`);
  sqlOn(leads, 'drop table orders');
});

test.run();
