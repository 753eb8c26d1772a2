import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Change, isChanging } from '../../src/core/change.ts';
import { factKey, type Looked } from '../../src/core/fact.ts';
import { freeze, memoryVault, thaw } from '../../src/core/json.ts';
import type { AnyResource, JsonSchema } from '../../src/core/resource.ts';
import { Secret } from '../../src/core/secret.ts';
import { meets } from '../../src/core/touch.ts';
import { resources } from '../../src/resources/registry.ts';
import { schemaProblem } from './schema-check.ts';
import { SPECIMENS, type Specimen } from './specimens.ts';
import { SCRATCH, type StubMachine, stubMachine } from './stub-machine.ts';
import { type Applied, apply, look, plan } from './tiny-engine.ts';
import { changedPaths, treeOf } from './tree.ts';

// These ask a Patroni, write on the controller, read another host, or end this one: their own files have what they need.
const ELSEWHERE = [
  'fetch',
  'gather_archive',
  'http',
  'patroni_config',
  'patroni_facts',
  'patroni_pause',
  'patroni_reinit',
  'patroni_restart',
  'patroni_rolling_restart',
  'patroni_switchover',
  'reboot',
  'transfer',
];

const SHELLS = [['dash'], ['bash', '--posix'], ['busybox', 'sh']].filter(
  ([program = '']) => spawnSync(program, ['-c', 'exit 0']).error === undefined,
);

test('every resource has its specimens', () => {
  const covered = new Set([...SPECIMENS.map((s) => s.resource), ...ELSEWHERE]);
  assert.equal(
    resources.map((r) => r.name).filter((name) => !covered.has(name)),
    [],
  );
});

for (const resource of resources)
  test(`${resource.name} describes every argument and refuses others`, () => {
    assert.is(resource.schema.additionalProperties, false);
    for (const schema of [resource.schema, resource.result])
      for (const [name, property] of Object.entries(schema.properties as { [name: string]: JsonSchema }))
        assert.type(property.description, 'string', `${resource.name}.${name}`);
    const names = Object.keys(resource.schema.properties as object);
    for (const name of [...resource.identity, resource.membersFrom, resource.shorthand].filter(
      (n) => n !== undefined,
    ))
      assert.ok(names.includes(name), `${name} is an argument`);
  });

// Odd names and contents are tried in the first shell, the one that Debian has as sh: quoting is the same in all.
for (const [index, shell] of SHELLS.entries())
  for (const specimen of SPECIMENS.filter((s) => index === 0 || !s.hostile))
    test(`${shell.join(' ')}: ${specimen.resource} ${specimen.title}`, () => {
      const dir = mkdtempSync(join(SCRATCH, 'fanops-contract-'));
      const machine = stubMachine(shell);
      try {
        keepContract(specimen, dir, machine);
      } finally {
        machine.remove();
        rmSync(dir, { recursive: true });
      }
    });

function keepContract(specimen: Specimen, dir: string, machine: StubMachine): void {
  const resource = resources.find((r) => r.name === specimen.resource) as AnyResource;
  const args = specimen.prepare(dir, machine);
  assert.is(schemaProblem(resource.schema, args), undefined);

  const before = treeOf(dir);
  const state = treeOf(machine.state);
  const { change, facts } = plan(machine, resource, args);
  assert.is(change.action, specimen.action, change.reason);
  assert.equal(changedPaths(before, treeOf(dir)), [], 'looking changes nothing');
  assert.equal(changedPaths(state, treeOf(machine.state)), [], 'looking changes nothing');
  survivesJson(resource, args, change, facts);

  const applied = apply(machine, resource, args, { change, facts });
  if (change.action === 'blocked') {
    assert.equal(applied.commands, []);
    return;
  }
  for (const result of applied.results) assert.is(result.status, 0, result.stderr);
  assert.is(schemaProblem(resource.result, applied.registered), undefined);
  touchesWhatChanged(resource, args, change, changedPaths(before, treeOf(dir)));
  if (resource.kind === 'resource') {
    assert.ok(isChanging(change));
    assert.is(applied.after.action, 'none', JSON.stringify(applied.after));
    predictedRightly(machine, resource, args, change);
  }
  if (change.action === 'none') assert.equal(changedPaths(before, treeOf(dir)), []);
}

function survivesJson(resource: AnyResource, args: unknown, change: Change, facts: Applied['facts']): void {
  if (change.action === 'none' || change.action === 'blocked') return;
  const vault = memoryVault('key');
  const text = JSON.stringify(freeze(change, vault));
  const back = thaw(JSON.parse(text), vault) as unknown as Change;
  const commands = freeze(resource.commands(args, change, facts), vault);
  assert.equal(freeze(resource.commands(args, back, facts), vault), commands);
  for (const secret of secretsIn(args)) {
    if (secret.length < 4) continue;
    assert.not(text.includes(JSON.stringify(secret).slice(1, -1)), 'the change tells the secret');
    assert.not(
      JSON.stringify(commands).includes(JSON.stringify(secret).slice(1, -1)),
      'a command tells the secret',
    );
  }
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.expose()];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(secretsIn) : [];
}

function touchesWhatChanged(
  resource: AnyResource,
  args: unknown,
  change: Change,
  paths: readonly string[],
): void {
  const touches = resource.touches(args, change);
  const parents = 'parents' in (args as object);
  for (const path of paths.filter(() => !parents))
    assert.ok(
      touches.some((touch) => meets(touch, { on: 'path', path })),
      `${path} changed, touched was ${JSON.stringify(touches)}`,
    );
}

function predictedRightly(machine: StubMachine, resource: AnyResource, args: unknown, change: Change): void {
  for (const { request, looked } of resource.predict?.(args, change) ?? []) {
    const seen = look(machine, [request]).get(factKey(request)) as Looked<object>;
    assert.is(seen.state, looked.state, `predicted ${factKey(request)}`);
    if (looked.state !== 'value' || seen.state !== 'value') continue;
    assert.equal({ ...seen.value, ...(looked.value as object) }, seen.value, `predicted ${factKey(request)}`);
  }
}

test.run();
