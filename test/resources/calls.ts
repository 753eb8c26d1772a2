import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { apply, plan } from './tiny-engine.ts';

export interface OnMachine {
  machine: StubMachine;
}

type State = { readonly [file: string]: string };

/** Every test of the suite has a machine of its own. */
export function useMachine<T extends OnMachine>(test: Test<T>): void {
  test.before.each((context) => {
    context.machine = stubMachine();
  });
  test.after.each(({ machine }) => machine.remove());
}

/** What the programs of the machine are told, from a state of its files. */
export function expectCalls(
  test: Test<OnMachine>,
  resource: AnyResource,
  cases: readonly {
    readonly title: string;
    readonly args: object;
    readonly state: State;
    readonly calls: readonly string[];
  }[],
): void {
  for (const { title, args, state, calls } of cases)
    test(title, ({ machine }) => {
      for (const [file, text] of Object.entries(state)) machine.write(file, text);
      const { results } = apply(machine, resource, args);
      for (const result of results) assert.is(result.status, 0, result.stderr);
      assert.equal(machine.calls(), calls);
    });
}

export function expectRefusedStates(
  test: Test<OnMachine>,
  resource: AnyResource,
  cases: readonly (readonly [title: string, args: object, state: State, reason: RegExp])[],
): void {
  for (const [title, args, state, reason] of cases)
    test(`${title}: refused`, ({ machine }) => {
      for (const [file, text] of Object.entries(state)) machine.write(file, text);
      const { change } = plan(machine, resource, args);
      assert.is(change.action, 'blocked');
      assert.match(change.reason ?? '', reason);
    });
}
