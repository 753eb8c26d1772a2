/** What a change may alter, or what a fact depends on. */
export type Touch =
  | { readonly on: 'anything' }
  /**
   * A change: this path and all below it; with `only`, nothing below it. A fact: this path, and what is above it
   * as far as that holds it; with `below`, also whatever happens below it.
   */
  | { readonly on: 'path'; readonly path: string; readonly only?: boolean; readonly below?: boolean }
  | { readonly on: 'unit'; readonly name: string }
  | { readonly on: 'account'; readonly name: string }
  | { readonly on: 'package'; readonly name: string }
  /** A cluster-wide state: Patroni's members, its dynamic configuration, a common secret. */
  | { readonly on: 'cluster'; readonly name: string }
  /** A network endpoint or another state of the outside: only "anything" meets it. */
  | { readonly on: 'outside'; readonly name: string };

/** Whether a change that touches `changed` may alter a fact that depends on `looked`. */
export function meets(changed: Touch, looked: Touch): boolean {
  if (changed.on === 'anything' || looked.on === 'anything') return true;
  if (changed.on === 'path' && looked.on === 'path')
    return (
      looked.path === changed.path ||
      (!changed.only && isBelow(looked.path, changed.path)) ||
      (looked.below === true && isBelow(changed.path, looked.path))
    );
  if (changed.on === 'path' || looked.on === 'path') return false;
  return changed.on === looked.on && changed.name === looked.name;
}

function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
