import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { keepFile } from '../../src/cli/keep-file.ts';
import { realClock } from '../../src/cli/real-clock.ts';
import type { RunEvent } from '../../src/core/event.ts';
import { type Journal, noJournal } from '../../src/core/journal.ts';
import { Masker } from '../../src/core/masker.ts';
import type { RunbookPlan } from '../../src/core/runbook-plan.ts';
import type { Secret } from '../../src/core/secret.ts';
import type { Value } from '../../src/core/value.ts';
import { Engine } from '../../src/engine/engine.ts';
import { Recaps } from '../../src/engine/recaps.ts';
import type { Clock } from '../../src/engine/run.ts';
import { type RunbookEnd, runRunbook } from '../../src/engine/runbook.ts';
import { adviceBefore } from '../../src/engine/runbook-advice.ts';
import type { Operator, RunbookContext } from '../../src/engine/runbook-context.ts';
import { planRunbook } from '../../src/engine/runbook-plan.ts';
import { runbookPast } from '../../src/engine/runbook-record.ts';
import { undoRunbook } from '../../src/engine/runbook-undo.ts';
import { factKinds } from '../../src/facts/registry.ts';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadRunbook } from '../../src/language/load-runbook.ts';
import { resources } from '../../src/resources/registry.ts';
import { connector } from '../../src/transport/connector.ts';
import { inventoryText, type LocalHosts } from './local-run.ts';

export interface RunbookSetting {
  readonly params?: Record<string, Value>;
  readonly lost?: readonly string[];
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** What the operator types; everything asked for where absent. */
  readonly typed?: (text: string) => boolean;
  readonly proceed?: (step: string) => boolean;
  readonly journal?: Journal;
  /** Known as such before anything is done. */
  readonly secrets?: readonly Secret[];
  readonly answers?: (host: string) => string | undefined;
}

export interface RunbookRun {
  readonly events: RunEvent[];
  plan(): Promise<RunbookPlan>;
  run(from?: number): Promise<RunbookEnd>;
  undo(steps: number): Promise<RunbookEnd>;
  close(): Promise<void>;
}

let runs = 0;

/** A runbook on local hosts, through language, engine, resources and transport as they are. */
export function localRunbook(hosts: LocalHosts, text: string, setting: RunbookSetting = {}): RunbookRun {
  const { params = {}, lost = [], clock = realClock } = setting;
  const inventory = loadInventory(join(hosts.dir, 'inventory.yml'), inventoryText(hosts));
  const file = join(hosts.dir, 'runbook.yml');
  writeFileSync(file, text);
  const runbook = loadRunbook({
    file,
    text,
    inventory,
    resources,
    extraVars: params,
    lost,
    readFile: (path) => readFileSync(resolve(hosts.dir, path)),
  });
  const events: RunEvent[] = [];
  const emit = (event: RunEvent) => void events.push(event);
  const signal = setting.signal ?? new AbortController().signal;
  runs += 1;
  const journal = setting.journal ?? noJournal(`b${process.pid}-${runs}`);
  const masker = new Masker();
  for (const secret of setting.secrets ?? []) masker.add(secret);
  const engine = new Engine({
    playbook: { file, plays: [], warnings: [] },
    inventory: inventory.inventory,
    resources,
    factKinds,
    connect: connector({}),
    masker,
    forks: 5,
    runId: journal.run,
    journal,
    clock,
    keepFile,
    emit,
    signal,
  });
  const operator: Operator = {
    show: () => {},
    proceed: async ({ name }) => setting.proceed?.(name) ?? true,
    confirm: async (_step, asked) => ((setting.typed?.(asked.text) ?? true) ? 'typed' : undefined),
  };
  const past = runbookPast(journal);
  const context: RunbookContext = {
    runbook,
    engine,
    registers: past.registers,
    past,
    journal,
    masker,
    recaps: new Recaps(),
    hosts: hosts.names.filter((name) => !lost.includes(name)),
    advice: adviceBefore(runbook, past),
    operator,
    clock,
    signal,
    emit,
    answers: async (host) => setting.answers?.(host),
  };
  return {
    events,
    plan: () => planRunbook(context),
    run: (from) => runRunbook(context, from),
    undo: (steps) => undoRunbook(context, runbook.steps.slice(0, steps)),
    close: () => engine.close(),
  };
}
