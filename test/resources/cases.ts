import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Action, Change, FieldChange, Risk } from '../../src/core/change.ts';
import type { Command } from '../../src/core/command.ts';
import { factKey, type Looked } from '../../src/core/fact.ts';
import type { AnyResource } from '../../src/core/resource.ts';
import type { Touch } from '../../src/core/touch.ts';
import { schemaProblem, withSecrets } from './schema-check.ts';
import { viewOfMembers } from './views.ts';

type Shell = Extract<Command, { kind: 'shell' }>;
type Await = Extract<Command, { kind: 'await' }>;
type Fetch = Extract<Command, { kind: 'fetch' }>;
type Reboot = Extract<Command, { kind: 'reboot' }>;
type Like<T> = { readonly [K in keyof T]?: T[K] | RegExp };

/** What a resource promises in one state of the host. */
export interface Case {
  readonly title: string;
  readonly args: object;
  /** As looking would give them: see views.ts. */
  readonly facts: ReadonlyMap<string, Looked<unknown>>;
  readonly change: Expected;
  /** Of each, what is given is compared; none where this is absent. */
  readonly commands?: readonly (Like<Shell> | Like<Await> | Like<Fetch> | Like<Reboot>)[];
  readonly touches?: readonly Touch[];
  readonly registered?: unknown;
}

export interface Expected {
  readonly action: Action;
  readonly risk: Risk;
  readonly fields: readonly FieldChange[];
  readonly reason?: RegExp;
}

export const NOTHING: Expected = { action: 'none', risk: 'reads', fields: [] };

export function refusal(reason: RegExp): Expected {
  return { action: 'blocked', risk: 'reads', fields: [], reason };
}

/** Each case is a test of its own. */
export function expectCases<T>(test: Test<T>, resource: AnyResource, cases: readonly Case[]): void {
  for (const one of cases) test(one.title, () => keepCase(resource, one));
}

function keepCase(resource: AnyResource, one: Case): void {
  const { args, facts } = one;
  assert.is(schemaProblem(resource.schema, args), undefined);
  const view = viewOfMembers({ h1: facts });
  const change = resource.diff(args, view);
  onlyWhatIsLookedAt(resource, one, change);
  const { action, risk, fields, reason } = change;
  same({ action, risk, fields }, without(one.change, 'reason'), reason);
  if (one.change.reason) assert.match(reason ?? '', one.change.reason);
  else assert.is(reason, undefined);
  const isDone = action !== 'none' && action !== 'blocked';
  const commands = isDone ? resource.commands(args, change, view) : [];
  const expected = one.commands ?? [];
  assert.is(commands.length, expected.length, JSON.stringify(commands));
  expected.forEach((like, index) => {
    resembles(commands[index] as Command, like);
  });
  if (one.touches) assert.equal(resource.touches(args, change), one.touches);
  if ('registered' in one) {
    const registered = resource.registered(args, change, [], view);
    assert.equal(registered, one.registered);
    assert.is(schemaProblem(resource.result, registered), undefined);
  }
}

/** A fact that nobody asks for would not be there. */
function onlyWhatIsLookedAt(resource: AnyResource, { args, facts }: Case, change: Change): void {
  const details = change.action === 'none' ? [] : (resource.detail?.(args, change) ?? []);
  const asked = new Set([...resource.needs(args), ...details].map(factKey));
  assert.equal(
    [...facts.keys()].filter((key) => !asked.has(key)),
    [],
    'facts that nobody looks at',
  );
}

function resembles(command: Command, like: Like<Shell> | Like<Await> | Like<Fetch> | Like<Reboot>): void {
  for (const [key, expected] of Object.entries(like)) {
    const found = (command as unknown as { [key: string]: unknown })[key];
    if (expected instanceof RegExp) assert.match(String(found), expected);
    else same(found, expected, key);
  }
}

function same(found: unknown, expected: unknown, what?: string): void {
  const open = (value: unknown) => withSecrets(value, (s) => ({ secret: s.expose(), masked: s.masked }));
  assert.equal(open(found), open(expected), what);
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}

/** Arguments that the schema does not let through: they never reach a host. */
export function expectRefusedArgs<T>(test: Test<T>, resource: AnyResource, refused: readonly object[]): void {
  for (const args of refused)
    test(`${resource.name} refuses ${JSON.stringify(args)}`, () => {
      assert.type(schemaProblem(resource.schema, args), 'string');
    });
}
