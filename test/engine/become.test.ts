// Facts are looked at by the account of the task: what a plain user cannot see would block the plan of one that
// becomes root, and what root sees is not what the others find.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Hello } from '../../src/core/host.ts';
import { Masker } from '../../src/core/masker.ts';
import type { Session } from '../../src/core/session.ts';
import { FactStore } from '../../src/engine/fact-store.ts';
import { eyesOf, look } from '../../src/engine/looking.ts';
import { pathFact } from '../../src/facts/path.ts';
import { factKinds } from '../../src/facts/registry.ts';
import { localHosts, localRun } from '../support/local-run.ts';

/** A session that only notes as whom it was asked. */
function noting(): { session: Session; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const session = {
    async probe(_script: string, options: { as?: string }) {
      asked.push(options.as);
      return { status: 0, stdout: Buffer.alloc(0), stderr: '' };
    },
  };
  return { session: session as unknown as Session, asked };
}

test('every fact is looked at by the account that wants it, each in one go', async () => {
  const { session, asked } = noting();
  const kinds = new Map(factKinds.map((kind) => [kind.name, kind]));
  const facts = new FactStore();
  const wanted = [undefined, 'root', 'postgres', 'root'].map((as, n) => ({
    request: pathFact(`/x${n}`),
    ...(as === undefined ? {} : { as }),
  }));
  await look({ kinds, facts, masker: new Masker() }, 'h1', session, wanted);
  assert.deepEqual(asked, [undefined, 'root', 'postgres']);
  assert.equal(facts.get('h1', { request: pathFact('/x1') }), undefined, "root's view is not the session's");
  assert.notEqual(facts.get('h1', { request: pathFact('/x1'), as: 'root' }), undefined);
});

test('root looks by itself, and nobody becomes who he is', () => {
  const cases: readonly (readonly [string | undefined, number, string, object])[] = [
    [undefined, 1000, 'admin', {}],
    ['root', 1000, 'admin', { as: 'root' }],
    ['postgres', 1000, 'admin', { as: 'postgres' }],
    ['admin', 1000, 'admin', {}],
    ['root', 0, 'root', {}],
    ['postgres', 0, 'root', {}],
  ];
  for (const [as, uid, user, expected] of cases)
    assert.deepEqual(eyesOf(as, { uid, user } as Hello), expected, `${as} for ${user}`);
});

test('a play whose tasks become root is planned and applied', async () => {
  const hosts = localHosts(1);
  const run = localRun(
    hosts,
    '[{hosts: db, become: true, tasks: [{file: {path: "{{ root }}/x", content: x}}]}]',
  );
  try {
    assert.equal(await run.apply(await run.plan()), 'done');
  } finally {
    await run.close();
    hosts.remove();
  }
});

test.run();
