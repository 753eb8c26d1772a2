import { randomBytes } from 'node:crypto';
import { Secret } from '../core/secret.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { type ConditionEnvironment, SecretView } from './condition-environment.ts';
import { isNames, type Names } from './names.ts';
import { Mistake, UnknownRead } from './problems.ts';
import { DYN, type Shape } from './shape.ts';

/** Fingerprints are compared within one run only. */
const FINGERPRINT_KEY = randomBytes(32);

/** Turns values into CEL's, lazily: what is unknown or wrong shows when it is read. */
export class ConditionValues {
  readonly #environment: ConditionEnvironment;
  /** Mistakes met on reading: an error even where CEL would absorb it (`broken || true`). */
  readonly #mistakes: Mistake[];

  constructor(environment: ConditionEnvironment, mistakes: Mistake[]) {
    this.#environment = environment;
    this.#mistakes = mistakes;
  }

  /** The names a condition begins with. */
  context(scope: Names): object {
    const context = {};
    for (const [name, shape] of Object.entries(this.#environment.root))
      this.#lazy(context, name, () => {
        const value = scope.get(name);
        if (value === undefined) throw new Mistake(`\`${name}\` has no value here`);
        return this.#convert(value, shape, name);
      });
    return context;
  }

  #convert(value: Value | Names, shape: Shape, path: string): unknown {
    if (value instanceof Unknown) throw new UnknownRead(value);
    if (value instanceof Secret) return this.#secret(value, shape, path);
    if (typeof value === 'number')
      return shape.kind !== 'double' && Number.isInteger(value) ? BigInt(value) : value;
    if (isNames(value) || isRecord(value)) return this.#object(value, shape, path);
    if (Array.isArray(value)) return this.#list(value, shape.kind === 'list' ? shape.of : DYN, path);
    return value;
  }

  #secret(secret: Secret, shape: Shape, path: string): SecretView {
    if (shape.kind !== 'secret' && shape.kind !== 'dyn')
      throw new Mistake(`\`${path}\` is a secret: a condition cannot see its text`);
    return new SecretView(true, secret.isOpen ? secret.fingerprint(FINGERPRINT_KEY) : (secret.ref ?? ''));
  }

  #object(value: Names | { readonly [key: string]: Value }, shape: Shape, path: string): object {
    const make = shape.kind === 'object' ? this.#environment.constructors.get(shape) : undefined;
    const object = make ? new make() : {};
    const fields = shape.kind === 'object' ? shape.fields : undefined;
    const names = isNames(value) ? value.names() : Object.keys(value);
    for (const name of names) {
      if (fields && !Object.hasOwn(fields, name)) continue;
      const of = fields?.[name] ?? (shape.kind === 'map' ? shape.of : DYN);
      this.#lazy(object, name, () => {
        const part = isNames(value) ? value.get(name) : value[name];
        return part === undefined ? undefined : this.#convert(part, of, `${path}.${name}`);
      });
    }
    return object;
  }

  #list(items: readonly Value[], of: Shape, path: string): unknown[] {
    const list: unknown[] = [];
    items.forEach((item, index) => {
      if (item instanceof Unknown || item instanceof Secret)
        this.#lazy(list, String(index), () => this.#convert(item, of, `${path}[${index}]`));
      else list[index] = this.#convert(item, of, `${path}[${index}]`);
    });
    return list;
  }

  #lazy(object: object, name: string, read: () => unknown): void {
    Object.defineProperty(object, name, {
      enumerable: true,
      get: () => {
        try {
          return read();
        } catch (error) {
          if (error instanceof Mistake) this.#mistakes.push(error);
          throw error;
        }
      },
    });
  }
}
