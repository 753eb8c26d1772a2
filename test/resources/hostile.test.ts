import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freeze, memoryVault } from '../../src/core/json.ts';
import type { AnyResource, JsonSchema } from '../../src/core/resource.ts';
import { Secret } from '../../src/core/secret.ts';
import { resources } from '../../src/resources/registry.ts';
import { schemaProblem } from './schema-check.ts';
import { SPECIMENS, type Specimen } from './specimens.ts';
import { SCRATCH, type StubMachine, stubMachine } from './stub-machine.ts';
import { apply, plan } from './tiny-engine.ts';

/** What is code on purpose: whoever writes it may do anything. */
const CODE: readonly string[] = [
  'shell cmd',
  'shell unless',
  'shell only_if',
  'script content',
  'script src',
];

const CANARY = join(SCRATCH, `fanops-canary-${process.pid}`);

/** Whatever a careless script does with one of them, the canary appears. */
const HOSTILE: readonly string[] = [
  `'; touch ${CANARY}; "; touch ${CANARY}; $(touch ${CANARY}) \`touch ${CANARY}\` %s grüße #`,
  `x\ntouch ${CANARY}\n"; touch ${CANARY}\n'; touch ${CANARY}\n%s`,
  `-x$(touch ${CANARY})%s`,
  '',
];

const SECRET = 'canary-of-a-secret-4711';
const FORMS: readonly string[] = [
  SECRET,
  Buffer.from(SECRET).toString('base64').slice(0, -4),
  createHash('sha256').update(SECRET).digest('hex'),
];

for (const resource of resources) {
  const specimen = SPECIMENS.find((one) => one.resource === resource.name && one.action !== 'blocked');
  // That there is one, or a file of its own, is the contract's to say.
  if (!specimen) continue;
  test(`${resource.name}: no text of an argument becomes code`, () => {
    withMachine((machine) => {
      for (const name of argumentsOf(resource)) tryAll(resource, specimen, machine, name);
    });
  });
  test(`${resource.name}: a secret is in nothing that is shown or run`, () =>
    withMachine((machine) => keepSecrets(resource, specimen, machine)));
}

/** Arguments that may hold texts of one's own, and items and values in them. */
function argumentsOf(resource: AnyResource): string[] {
  return Object.entries(resource.schema.properties as { [name: string]: JsonSchema })
    .filter(([name, schema]) => mayBeText(schema) && !CODE.includes(`${resource.name} ${name}`))
    .map(([name]) => name);
}

function mayBeText(schema: JsonSchema): boolean {
  const forms = (schema.anyOf ?? schema.oneOf ?? []) as readonly JsonSchema[];
  const inner = [schema.items, schema.additionalProperties].filter((one) => typeof one === 'object');
  if ('enum' in schema) return false;
  return (
    [schema.type].flat().includes('string') ||
    [...forms, ...inner].some((one) => mayBeText(one as JsonSchema))
  );
}

/** What the schema lets through is planned and, where it is not refused, done: it may fail, and nothing else. */
function tryAll(resource: AnyResource, specimen: Specimen, machine: StubMachine, name: string): void {
  for (const text of HOSTILE)
    inFolder((dir) => {
      const base = specimen.prepare(dir, machine);
      const shapes = [text, `${dir}/${text}`, [text], { a: text }].map((value) => ({
        ...base,
        [name]: value,
      }));
      const args = shapes.find((one) => schemaProblem(resource.schema, one) === undefined);
      if (!args) return;
      const planned = plan(machine, resource, args);
      if (planned.change.action !== 'blocked') apply(machine, resource, args, planned);
      assert.not.ok(existsSync(CANARY), `${name}: ${text}`);
    });
}

function keepSecrets(resource: AnyResource, specimen: Specimen, machine: StubMachine): void {
  const properties = Object.entries(resource.schema.properties as { [name: string]: JsonSchema });
  for (const [name] of properties.filter(([, schema]) => schema['x-secret'] === true))
    inFolder((dir) => {
      const base = specimen.prepare(dir, machine);
      const shapes = [Secret.open(SECRET), { a: Secret.open(SECRET) }];
      const args = shapes
        .map((value) => ({ ...base, [name]: value }))
        .find((one) => schemaProblem(resource.schema, one) === undefined);
      if (!args) return;
      const { change, facts } = plan(machine, resource, args);
      const isDone = change.action !== 'none' && change.action !== 'blocked';
      const commands = isDone ? resource.commands(args as never, change, facts) : [];
      const seen = JSON.stringify(
        freeze(
          [
            change,
            commands,
            resource.touches(args as never, change),
            resource.address(args as never),
          ] as never,
          memoryVault('key'),
        ),
      );
      for (const form of FORMS) assert.not.ok(seen.includes(form), `${name} shows ${form}`);
    });
}

function inFolder<T>(use: (dir: string) => T): T {
  const dir = mkdtempSync(join(SCRATCH, 'fanops-hostile-'));
  try {
    return use(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function withMachine<T>(use: (machine: StubMachine) => T): T {
  const machine = stubMachine();
  try {
    return use(machine);
  } finally {
    machine.remove();
  }
}

test.run();
