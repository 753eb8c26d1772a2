import { Environment } from '@marcbachmann/cel-js';
import { registerFunctions } from './condition-functions.ts';
import type { ObjectShape, Shape } from './shape.ts';

/** What a condition can ask of a secret. */
export class SecretView {
  readonly present: boolean;
  readonly fingerprint: string;

  constructor(present: boolean, fingerprint: string) {
    this.present = present;
    this.fingerprint = fingerprint;
  }
}

/** Makes the value that CEL takes for an object of some shape. */
type Constructor = new () => object;

/** CEL with the names and types that conditions of one place may use. */
export interface ConditionEnvironment {
  readonly cel: Environment;
  readonly root: { readonly [name: string]: Shape };
  readonly constructors: ReadonlyMap<ObjectShape, Constructor>;
  /** Registers that may be read here; only those that the conditions name have a type in `root`. */
  readonly registers: readonly string[];
  /** Registers that only later tasks set, and which task it is. */
  readonly later: ReadonlyMap<string, string>;
  /** By the name that CEL's messages use. */
  readonly objects: ReadonlyMap<string, ObjectShape>;
}

let base: Environment | undefined;

/** Declares the names of the root and their types. The same shape is the same type wherever it stands. */
export function conditionEnvironment(
  root: { readonly [name: string]: Shape },
  registers: readonly string[],
  later: ReadonlyMap<string, string>,
): ConditionEnvironment {
  base ??= baseEnvironment();
  const cel = base.clone();
  const names = new Map<ObjectShape, string>();
  const constructors = new Map<ObjectShape, Constructor>();
  const objects = new Map<string, ObjectShape>();

  function typeName(shape: Shape, path: string): string {
    if (shape.kind === 'list') return `list<${typeName(shape.of, `${path}.item`)}>`;
    if (shape.kind === 'map') return `map<string, ${typeName(shape.of, `${path}.value`)}>`;
    if (shape.kind === 'object') return names.get(shape) ?? declare(shape, path);
    return shape.kind;
  }

  function declare(shape: ObjectShape, path: string): string {
    const name = `object.${path}`;
    names.set(shape, name);
    const fields = Object.fromEntries(
      Object.entries(shape.fields).map(([field, of]) => [field, typeName(of, `${path}.${field}`)]),
    );
    const ctor = class {};
    cel.registerType(name, { ctor, fields });
    cel.registerFunction(`size(${name}): int`, (value: object) => BigInt(Object.keys(value).length));
    cel.registerOperator(`string in ${name}`, (key: string, value: object) => Object.hasOwn(value, key));
    constructors.set(shape, ctor);
    objects.set(name, shape);
    return name;
  }

  for (const [name, shape] of Object.entries(root)) cel.registerVariable(name, typeName(shape, name));
  return { cel, root, registers, later, constructors, objects };
}

/** Words that CEL keeps for itself: neither a register nor a loop variable can have such a name. */
export const CEL_WORDS: ReadonlySet<string> = new Set(
  (
    'as break const continue else for function if import let loop package namespace return var void while in ' +
    'true false null int uint double string bool bytes list map type dyn cel optional null_type secret google'
  ).split(' '),
);

function baseEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false });
  environment.registerType('secret', {
    ctor: SecretView,
    fields: { present: 'bool', fingerprint: 'string' },
  });
  registerFunctions(environment);
  return environment;
}
