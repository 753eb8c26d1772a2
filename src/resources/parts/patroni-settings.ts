import type { FieldChange } from '../../core/change.ts';
import type { Json } from '../../core/value.ts';
import type { Settings } from '../../facts/patroni-config.ts';

/** One setting that differs; `after` is null for one that is to go. */
export interface SettingChange {
  readonly path: readonly string[];
  readonly before?: Json;
  readonly after: Json;
}

const PARAMETERS: readonly string[] = ['postgresql', 'parameters'];

/** What has to change for all of `wanted` to hold; what it does not name stays as it is. */
export function settingChanges(
  wanted: Settings,
  current: Settings,
  above: readonly string[] = [],
): SettingChange[] {
  return Object.entries(wanted).flatMap(([name, after]): SettingChange[] => {
    const path = [...above, name];
    const before = Object.hasOwn(current, name) ? current[name] : undefined;
    if (after === null) return before === undefined ? [] : [{ path, before, after }];
    if (isSettings(after) && (before === undefined || isSettings(before)))
      return settingChanges(after, before ?? {}, path);
    const value = withoutNulls(after);
    if (before !== undefined && isSame(value, before, path)) return [];
    return [{ path, ...(before === undefined ? {} : { before }), after: value }];
  });
}

/** The smallest body for PATCH /config: it removes what is null, but would keep a null inside something new. */
export function patchOf(changes: readonly SettingChange[]): Settings {
  const patch: { [name: string]: Json } = {};
  for (const { path, after } of changes) put(patch, path, after);
  return patch;
}

export function settingField({ path, before, after }: SettingChange): FieldChange {
  return {
    field: path.join('.'),
    ...(before === undefined ? {} : { before }),
    after: after === null ? 'absent' : after,
  };
}

/** The parameter of PostgreSQL that a path names. */
export function parameterOf(path: readonly string[]): string | undefined {
  const isParameter = path.length === 3 && PARAMETERS.every((name, index) => path[index] === name);
  return isParameter ? path[2] : undefined;
}

/**
 * Patroni compares scalars as texts, and does not write what looks the same; PostgreSQL takes true and "on" for one.
 */
function isSame(a: Json, b: Json, path: readonly string[]): boolean {
  if (isScalar(a) && isScalar(b)) {
    const show = parameterOf(path) === undefined ? String : asParameter;
    return show(a) === show(b);
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSame(item, b[index] as Json, path));
  if (!isSettings(a) || !isSettings(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => name in a && name in b && isSame(a[name] as Json, b[name] as Json, path));
}

function asParameter(value: Json): string {
  if (value === true || value === 'true') return 'on';
  return value === false || value === 'false' ? 'off' : String(value);
}

function put(patch: { [name: string]: Json }, [name = '', ...below]: readonly string[], after: Json): void {
  if (below.length === 0) {
    patch[name] = after;
    return;
  }
  const part = (patch[name] ?? {}) as { [name: string]: Json };
  patch[name] = part;
  put(part, below, after);
}

function withoutNulls(value: Json): Json {
  if (!isSettings(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== null)
      .map(([name, part]) => [name, withoutNulls(part)]),
  );
}

function isScalar(value: Json): boolean {
  return value === null || typeof value !== 'object';
}

function isSettings(value: Json | undefined): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
