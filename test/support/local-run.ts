import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { keepFile } from '../../src/cli/keep-file.ts';
import { realClock } from '../../src/cli/real-clock.ts';
import type { RunEvent } from '../../src/core/event.ts';
import type { Journal } from '../../src/core/journal.ts';
import { Masker } from '../../src/core/masker.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Session } from '../../src/core/session.ts';
import type { Value } from '../../src/core/value.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Treatment } from '../../src/engine/take-up.ts';
import { factKinds } from '../../src/facts/registry.ts';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadPlaybook } from '../../src/language/load-playbook.ts';
import { resources } from '../../src/resources/registry.ts';
import { connector } from '../../src/transport/connector.ts';

/** Some "hosts" on this machine: a folder each, reached through a real shell. */
export interface LocalHosts {
  readonly dir: string;
  readonly names: readonly string[];
  /** The folder that stands for a host's file system; playbooks see it as `{{ root }}`. */
  root(host: string): string;
  remove(): void;
}

export function localHosts(count: number): LocalHosts {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-test-'));
  const names = Array.from({ length: count }, (_, index) => `h${index + 1}`);
  const root = (host: string): string => join(dir, host, 'root');
  for (const name of names) mkdirSync(root(name), { recursive: true });
  return { dir, names, root, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface LocalRun {
  readonly events: readonly RunEvent[];
  readonly engine: Engine;
  plan(): Promise<Plan>;
  apply(plan: Plan): Promise<Outcome>;
  /** Goes on with the run of its journal. */
  resume(treat?: Treatment): Promise<Outcome>;
  close(): Promise<void>;
}

let runs = 0;

/** A playbook on local hosts, through language, engine, resources and transport as they are. */
export function localRun(
  hosts: LocalHosts,
  playbook: string,
  more: {
    extraVars?: Record<string, Value>;
    signal?: AbortSignal;
    hostVars?: (host: string) => Record<string, unknown>;
    limit?: string;
    /** Stands between the engine and its sessions. */
    through?: (session: Session) => Session;
    /** Without one the run cannot be taken up. */
    journal?: Journal;
  } = {},
): LocalRun {
  const inventoryFile = join(hosts.dir, 'inventory.yml');
  const inventory = loadInventory(inventoryFile, inventoryText(hosts, more.hostVars));
  const file = join(hosts.dir, 'playbook.yml');
  writeFileSync(file, playbook);
  const masker = new Masker();
  const loaded = loadPlaybook({
    file,
    text: playbook,
    inventory,
    resources,
    extraVars: more.extraVars ?? {},
    readFile: (path) => readFileSync(resolve(hosts.dir, path)),
    ...(more.limit === undefined ? {} : { limit: more.limit }),
  });
  const events: RunEvent[] = [];
  runs += 1;
  const engine = new Engine({
    playbook: loaded,
    inventory: inventory.inventory,
    resources,
    factKinds,
    connect: async (host) => {
      const session = await connector({})(host);
      return more.through?.(session) ?? session;
    },
    masker,
    forks: 5,
    runId: more.journal?.run ?? `t${process.pid}-${runs}`,
    ...(more.journal && { journal: more.journal }),
    clock: realClock,
    keepFile,
    emit: (event) => events.push(event),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
  return {
    events,
    engine,
    plan: () => engine.plan(),
    apply: async (plan) => (await engine.apply(plan)).outcome,
    resume: async (treat = async () => new Map()) =>
      (await engine.takeUp(treat)) ?? (await engine.goOn()).outcome,
    close: () => engine.close(),
  };
}

export function inventoryText(
  hosts: LocalHosts,
  hostVars: (host: string) => Record<string, unknown> = () => ({}),
): string {
  const entries = hosts.names.map((name) => [
    name,
    {
      ansible_connection: 'local',
      fanops_state_dir: join(hosts.dir, name, 'state'),
      fanops_run_dir: join(hosts.dir, name, 'run'),
      root: hosts.root(name),
      ...hostVars(name),
    },
  ]);
  return JSON.stringify({ all: { children: { db: { hosts: Object.fromEntries(entries) } } } });
}
