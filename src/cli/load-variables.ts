import { readFileSync } from 'node:fs';
import type { Value } from '../core/value.ts';
import { Envelopes } from '../language/envelopes.ts';
import { type Loaded, loadInventory } from '../language/load-inventory.ts';
import { type Args, allOf } from './args.ts';
import { extraVars } from './extra-vars.ts';
import { folders } from './folders.ts';
import { findInventory } from './project.ts';
import { readSettings } from './settings.ts';

/** The inventory alone, and the variables of the command line; what is encrypted stays sealed. Throws an InputError. */
export function loadVariables(args: Args): {
  readonly inventory: Loaded;
  readonly extraVars: { readonly [name: string]: Value };
} {
  const cwd = process.cwd();
  const file = findInventory(readSettings(args, process.env, cwd), cwd);
  const envelopes = new Envelopes();
  const given = extraVars(allOf(args, 'extra-vars'), envelopes);
  const inventory = loadInventory(file, readFileSync(file, 'utf8'), folders, envelopes, given);
  return { inventory, extraVars: given };
}
