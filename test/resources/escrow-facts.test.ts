import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { contentFact } from '../../src/facts/content.ts';
import { keyIdFact } from '../../src/facts/key-id.ts';
import { escrowFacts } from '../../src/resources/escrow-facts.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const KEY = '/etc/fanatico/backup.key';
const MARKER = '/var/lib/fanatico/key-escrowed.json';

function member(key: Looked<string>, marker: Looked<unknown>) {
  return facts([keyIdFact(KEY), key], [contentFact(MARKER), marker]);
}

function noted(id: string) {
  return value({ text: JSON.stringify({ schema: 'fanops/key-escrowed/1', key_id: id }) });
}

const GOOD = member(value('aa'), noted('aa'));

function registered(...members: Map<string, Looked<unknown>>[]) {
  const view = viewOfMembers(Object.fromEntries(members.map((m, index) => [`db${index + 1}`, m])));
  return escrowFacts.registered({ members: 'db' }, escrowFacts.diff({ members: 'db' }, view), [], view);
}

test('it is escrowed when every member has the key, and the mark of that key', () => {
  assert.equal(registered(GOOD, GOOD, GOOD), { escrowed: true, key_id: 'aa', reason: '' });
});

const REASONS: readonly [title: string, odd: Map<string, Looked<unknown>>, id: string, reason: RegExp][] = [
  ['the mark is missing on one', member(value('aa'), ABSENT), 'aa', /copy of the key aa .* says db2/],
  ['the mark is of another key', member(value('aa'), noted('bb')), 'aa', /of the key bb, not of aa/],
  ['the mark is torn', member(value('aa'), value({ text: '{"key_id"' })), 'aa', /says db2/],
  ['the mark names no key', member(value('aa'), value({ text: '{"key_id": 7}' })), 'aa', /says db2/],
  ['the mark is too long to be one', member(value('aa'), value({})), 'aa', /says db2/],
  ['the mark cannot be seen', member(value('aa'), unreadable('no way')), 'aa', /db2: no way/],
  ['one has another key', member(value('bb'), noted('bb')), '', /different keys .*: db1 and db2/],
  ['one has no key', member(ABSENT, ABSENT), '', /db2 has no key at/],
  ['one cannot be looked at', member(unreadable('it is down'), ABSENT), '', /db2: it is down/],
];
for (const [title, odd, id, reason] of REASONS)
  test(`it is not escrowed where ${title}`, () => {
    const seen = registered(GOOD, odd);
    assert.is(seen.escrowed, false);
    assert.is(seen.key_id, id);
    assert.match(seen.reason, reason);
  });

test('it looks on all members, and never has anything to do', () => {
  assert.is(escrowFacts.scope, 'cluster');
  assert.is(escrowFacts.membersFrom, 'members');
  const view = viewOfMembers({ db1: GOOD });
  assert.is(escrowFacts.diff({ members: 'db' }, view).action, 'none');
});

test.run();
