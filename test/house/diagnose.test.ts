// What diagnose.yml says of the cluster as a whole.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Value } from '../../src/core/value.ts';
import { advised, cluster, DEAD, LATE, LED, SPLIT } from './recovery-runbook.ts';

const DATA = { holding: ['db2', 'db3'], newest: 'db2', reasons: [] };

/** Of what diagnose.yml says, what it says of the members. */
function diagnosed(seen: Value, data: Value = DATA): string {
  return advised('diagnose', { cluster: seen, data }).join('; ');
}

test('diagnose.yml tells members that do not agree from a cluster without a leader', () => {
  for (const seen of [SPLIT, LATE]) {
    assert.match(diagnosed(seen), /^The members do not agree, and two may lead\. the leader: db1 says db/);
    assert.match(diagnosed(seen), /Next: start no Patroni and restore nothing/);
    assert.doesNotMatch(diagnosed(seen), /Nobody leads/);
  }
  assert.match(diagnosed(SPLIT), /Take writes, as they say of themselves: db1, db2\. /);
  assert.equal(diagnosed(LED), '');
});

test('diagnose.yml says where nobody leads what could not be seen, and begins with etcd', () => {
  assert.match(
    diagnosed(DEAD),
    /^Nobody leads\. Data is on: db2, db3; the newest that was seen is on db2\. Next: etcd first\. .* recover-etcd\.yml\. With etcd, start Patroni where the newest data is, alone/,
  );
  const reasons = ['db1: could not be reached'];
  assert.match(
    diagnosed(DEAD, { ...DATA, reasons }),
    /may hold newer data: db1: could not be reached\. .* make those nodes reachable, then start/,
  );
  assert.match(
    diagnosed(DEAD, { holding: [], newest: '', reasons: [] }),
    /No data was seen\. .* recover-cluster\.yml\.$/,
  );
  const mute = cluster({ db1: { state: 'unreadable', reason: 'no answer' } });
  assert.match(diagnosed(mute), /Whose Patroni could not be asked may lead: db1: no answer\./);
});

test.run();
