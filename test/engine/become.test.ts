// Facts of tasks that become root are looked at as root: what a plain user cannot see would block the plan.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { Masker } from '../../src/core/masker.ts';
import type { Session } from '../../src/core/session.ts';
import { FactStore } from '../../src/engine/fact-store.ts';
import { look } from '../../src/engine/looking.ts';
import { pathFact } from '../../src/facts/path.ts';
import { factKinds } from '../../src/facts/registry.ts';
import { localHosts, localRun } from '../support/local-run.ts';

/** A session that only notes as whom it was asked. */
function noting(uid: number): { session: Session; asked: (string | undefined)[] } {
  const asked: (string | undefined)[] = [];
  const session = {
    hello: { uid },
    async probe(_script: string, options: { as?: string }) {
      asked.push(options.as);
      return { status: 0, stdout: Buffer.alloc(0), stderr: '' };
    },
  };
  return { session: session as unknown as Session, asked };
}

async function askedAs(uid: number, rootHosts: readonly string[]): Promise<readonly (string | undefined)[]> {
  const { session, asked } = noting(uid);
  const kinds = new Map(factKinds.map((kind) => [kind.name, kind]));
  const looking = { kinds, facts: new FactStore(), lookAsRoot: new Set(rootHosts), masker: new Masker() };
  await look(looking, 'h1', session, [pathFact('/root/x')]);
  return asked;
}

test('a user who becomes root for some task looks as root', async () => {
  assert.deepEqual(await askedAs(1000, ['h1']), ['root']);
});

test('without a task that becomes root a user looks as himself', async () => {
  assert.deepEqual(await askedAs(1000, ['h2']), [undefined]);
});

test('root need not become root', async () => {
  assert.deepEqual(await askedAs(0, ['h1']), [undefined]);
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
