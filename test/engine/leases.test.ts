// Two hosts of one run that delegate to a third one: it is held once, and what is sent carries the token that it knows.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Session } from '../../src/core/session.ts';
import { withHosts } from '../support/applied.ts';
import { localRun } from '../support/local-run.ts';

const DELEGATING = `
- hosts: h1,h2
  any_errors_fatal: false
  tasks:
    - { name: who, command: echo h3, register: who }
    - { name: there, delegate_to: "{{ who.stdout }}", command: "true" }
`;

test('a lease that is being taken is not taken a second time by the same run', () =>
  withHosts(3, async (hosts) => {
    let asked = 0;
    const wanted = Promise.withResolvers<void>();
    const takeLease = async (session: Session, lease: Parameters<Session['takeLease']>[0]) => {
      asked += 1;
      // The first answer is late: the other host has had time to ask as well.
      const answer = await session.takeLease(lease);
      if (asked > 1) wanted.resolve();
      else await Promise.race([wanted.promise, new Promise((resolve) => setTimeout(resolve, 500))]);
      return answer;
    };
    const through = (session: Session): Session =>
      new Proxy(session, {
        get(target, name) {
          if (name === 'takeLease' && target.host.name === 'h3')
            return (lease: Parameters<Session['takeLease']>[0]) => takeLease(target, lease);
          const value = target[name as keyof Session];
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const run = localRun(hosts, DELEGATING, { through });
    try {
      const plan = await run.plan();
      assert.equal(await run.apply(plan), 'done');
      assert.equal(asked, 1);
      const connected = run.events.filter((event) => event.type === 'connected' && event.host === 'h3');
      assert.equal(connected.length, 1, 'nor is it connected to a second time');
    } finally {
      await run.close();
    }
  }));

test.run();
