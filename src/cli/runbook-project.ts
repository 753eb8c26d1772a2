import { readFileSync } from 'node:fs';
import { mistake } from '../core/diagnostic.ts';
import type { Runbook } from '../core/runbook.ts';
import type { Inventory } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { Envelopes } from '../language/envelopes.ts';
import { hostVariables } from '../language/host-variables.ts';
import type { Loaded } from '../language/load-inventory.ts';
import { isRunbookText, loadRunbook } from '../language/load-runbook.ts';
import { didYouMean } from '../language/nearest.ts';
import { type Args, allOf, isSet } from './args.ts';
import { findPlaybook, type Project, readSources } from './project.ts';

/** A runbook with its inventory, checked. */
export interface RunbookProject extends Project {
  readonly runbook: Runbook;
  /** Of the lost hosts, those that the inventory gives a `cluster_address`: there the others reach them. */
  readonly clusterAddresses: ReadonlyMap<string, string>;
}

/** Options that choose from a playbook: a runbook is done as it is written, or not at all. */
const FOR_PLAYBOOKS = ['limit', 'tags', 'skip-tags', 'list-hosts', 'list-tasks', 'list-tags'];
/** Options that mean something for a runbook only. */
const FOR_RUNBOOKS = ['confirm', 'lost', 'list-steps', 'step', 'from', 'until', 'undo', 'of'];

/** Whether a command line is about a runbook rather than a playbook. */
export function isAboutRunbook(args: Args): boolean {
  const file = findPlaybook(args.positionals[0] ?? '');
  return isRunbookText(file, readFileSync(file, 'utf8'));
}

/** Options that were given and do not belong to the kind of file. */
export function refuseOptions(args: Args, kind: 'runbook' | 'playbook'): void {
  const [wrong] = (kind === 'runbook' ? FOR_PLAYBOOKS : FOR_RUNBOOKS).filter((name) => isSet(args, name));
  if (wrong === undefined) return;
  throw mistake(`\`--${wrong}\` is not for a ${kind}`, {
    hint:
      kind === 'runbook'
        ? 'its parameters (-e NAME=VALUE) say which hosts it is about; --lost leaves out a host that is gone'
        : 'it is for a runbook: one mapping with `runbook:` and `steps:`',
  });
}

/** `partial`: parameters need not be given. */
export function loadRunbookProject(args: Args, envelopes = new Envelopes(), partial = false): RunbookProject {
  const { settings, file, files, options } = readSources(args, envelopes);
  const { inventory } = options.inventory;
  const lost = lostHosts(args, inventory);
  const runbook = loadRunbook({ ...options, lost, partial });
  return {
    settings,
    files,
    runbook,
    clusterAddresses: clusterAddresses(lost, options.inventory, options.extraVars),
    playbook: { file, plays: [], warnings: runbook.warnings },
    inventory,
    warnings: runbook.warnings,
    secrets: envelopes.secrets,
  };
}

function clusterAddresses(
  hosts: readonly string[],
  inventory: Loaded,
  variables: { readonly [name: string]: Value } = {},
): ReadonlyMap<string, string> {
  if (hosts.length === 0) return new Map();
  const known = [...hostVariables(hosts, inventory, variables, ['cluster_address'])];
  return new Map(
    known.flatMap(([host, { cluster_address: address }]) =>
      typeof address === 'string' ? [[host, address] as const] : [],
    ),
  );
}

function lostHosts(args: Args, { hosts }: Inventory): string[] {
  const names = hosts.map(({ name }) => name);
  const lost = [...new Set(allOf(args, 'lost').flatMap((word) => word.split(',')))].map((name) =>
    name.trim(),
  );
  for (const name of lost)
    if (!names.includes(name)) {
      const hint = didYouMean(name, names, 'hosts');
      throw mistake(`--lost: the inventory has no host \`${name}\``, hint === undefined ? {} : { hint });
    }
  return lost;
}

/** The inventory as the engine may use it: nobody asks a host that is gone, nor counts it as a member. */
export function withoutLost(inventory: Inventory, lost: readonly string[]): Inventory {
  const left = (host: string): boolean => !lost.includes(host);
  const groups = Object.entries(inventory.groups).map(([name, hosts]) => [name, hosts.filter(left)] as const);
  return {
    ...inventory,
    hosts: inventory.hosts.filter(({ name }) => left(name)),
    groups: Object.fromEntries(groups),
  };
}
