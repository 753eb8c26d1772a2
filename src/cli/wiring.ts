import type { RunEvent } from '../core/event.ts';
import type { AnyFactKind } from '../core/fact.ts';
import { Masker } from '../core/masker.ts';
import { Engine } from '../engine/engine.ts';
import { unaskedAnswer } from '../facts/postgres-answer.ts';
import { unaskedProbe } from '../facts/probe.ts';
import { factKinds } from '../facts/registry.ts';
import { Activities } from '../report/activity.ts';
import { maskedEvent } from '../report/masked-event.ts';
import type { Reporter } from '../report/reporter.ts';
import type { RunbookProgress } from '../report/runbook-progress.ts';
import { resources } from '../resources/registry.ts';
import { connector } from '../transport/connector.ts';
import { type Knock, knocker } from '../transport/knock.ts';
import type { TransportSettings } from '../transport/settings.ts';
import { type Args, isSet } from './args.ts';
import { type Console, openConsole } from './console.ts';
import { secretsOf } from './credentials.ts';
import { keepFile } from './keep-file.ts';
import type { Project } from './project.ts';
import { realClock } from './real-clock.ts';
import { entriesOf } from './record-event.ts';
import type { Recording } from './recording.ts';
import { openReporter } from './reporting.ts';
import { newRunId } from './run-id.ts';

/** An engine with everything it needs, and where it is shown. */
export interface Composition {
  readonly engine: Engine;
  readonly console: Console;
  readonly recording: Recording | undefined;
  /** What the hosts are doing right now. */
  readonly activities: Activities;
  readonly masker: Masker;
  /** Whether a host's ports take connections, without logging in there. */
  readonly knock: Knock;
  /** Shows events from here on, until the reporter is closed. */
  openReporter(progress?: RunbookProgress): Promise<Reporter>;
  /** Tells an event that is not the engine's own. */
  emit(event: RunEvent): void;
  /** Closes connections and the record. */
  close(): Promise<void>;
}

/** Puts language, transport, engine and report together for one command line. */
export function compose(
  args: Args,
  project: Project,
  transport: TransportSettings,
  signal: AbortSignal,
  record?: (masker: Masker, runId: string) => Recording,
): Composition {
  const masker = new Masker();
  for (const secret of secretsOf(transport)) masker.add(secret);
  for (const secret of project.secrets) masker.add(secret);
  const console = openConsole(masker, args);
  const activities = new Activities();
  const runId = newRunId(new Date());
  const recording = record?.(masker, runId);
  let reporter: Reporter | undefined;
  const emit = (event: RunEvent) => {
    activities.take(event, performance.now());
    for (const entry of recording ? entriesOf(event, recording.lease.who) : [])
      void recording?.journal.record(entry);
    reporter?.emit(maskedEvent(event, masker));
  };
  const engine = new Engine({
    playbook: project.playbook,
    inventory: project.inventory,
    resources,
    factKinds: kindsFor(args),
    connect: connector(transport),
    masker,
    forks: project.settings.forks,
    runId: recording?.journal.run ?? runId,
    ...(recording && { journal: recording.journal, lease: recording.lease }),
    clock: realClock,
    keepFile,
    emit,
    signal,
  });
  return {
    engine,
    console,
    recording,
    async close() {
      await engine.close();
      await recording?.journal.close();
    },
    activities,
    masker,
    knock: knocker(transport),
    emit,
    async openReporter(progress) {
      reporter = await openReporter(args, console, progress);
      return reporter;
    },
  };
}

/** What the author of a playbook wrote to be run while looking may be refused. */
function kindsFor(args: Args): readonly AnyFactKind[] {
  if (!isSet(args, 'no-user-probes')) return factKinds;
  const unasked: readonly AnyFactKind[] = [unaskedProbe, unaskedAnswer];
  return factKinds.map((kind) => unasked.find(({ name }) => name === kind.name) ?? kind);
}
