import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Change } from '../../src/core/change.ts';
import type { Command, CommandResult, Source } from '../../src/core/command.ts';
import { type FactRequest, type FactView, factKey, type Looked } from '../../src/core/fact.ts';
import type { AnyResource } from '../../src/core/resource.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Json, Value } from '../../src/core/value.ts';
import { factKinds } from '../../src/facts/registry.ts';

/** Where a test's host is: which shell, and what is in its environment. */
export interface Machine {
  readonly shell: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

export interface Applied {
  readonly before: Change;
  readonly commands: readonly Command[];
  readonly results: readonly CommandResult[];
  readonly after: Change;
  readonly registered: Value;
  readonly facts: FactView;
}

export interface Planned {
  readonly change: Change;
  readonly facts: FactView;
}

export const SH: Machine = { shell: ['sh'] };

/** Looks as the engine does: one script per kind, run with an empty stdin. */
export function look(machine: Machine, requests: readonly FactRequest[]): Map<string, Looked<unknown>> {
  const looked = new Map<string, Looked<unknown>>();
  for (const [name, wanted] of Map.groupBy(requests, (r) => r.kind)) {
    const kind = factKinds.find((k) => k.name === name);
    if (!kind) throw new Error(`no fact kind is called ${name}`);
    const subjects = wanted.map((r) => r.subject as Json);
    const run = spawn(machine, kind.look(subjects).script, undefined);
    const answers = kind.parse(
      { status: run.status ?? -1, stdout: run.stdout, stderr: run.stderr.toString() },
      subjects,
    );
    wanted.forEach((request, index) => {
      looked.set(factKey(request), answers[index] as Looked<unknown>);
    });
  }
  return looked;
}

/** Facts of one host; asking for what nobody looked at throws. */
export function viewOf(looked: ReadonlyMap<string, Looked<unknown>>): FactView {
  return {
    host: 'db1',
    members: ['db1'],
    get<V>(request: FactRequest<V>): Looked<V> {
      const value = looked.get(factKey(request));
      if (!value) throw new Error(`nobody looked at ${factKey(request)}`);
      return value as Looked<V>;
    },
  };
}

/** Look and compare, with the details once a change is sure. */
export function plan(machine: Machine, resource: AnyResource, args: unknown): Planned {
  const looked = look(machine, resource.needs(args));
  const change = resource.diff(args, viewOf(looked));
  const details = change.action === 'none' ? [] : (resource.detail?.(args, change) ?? []);
  if (details.length === 0) return { change, facts: viewOf(looked) };
  const facts = viewOf(new Map([...looked, ...look(machine, details)]));
  return { change: resource.diff(args, facts), facts };
}

/** Look, compare, do, look again. Stops at the first command that fails. */
export function apply(
  machine: Machine,
  resource: AnyResource,
  args: unknown,
  { change: before, facts: seen }: Planned = plan(machine, resource, args),
): Applied {
  const todo = ['none', 'blocked'].includes(before.action) ? [] : resource.commands(args, before, seen);
  const results: CommandResult[] = [];
  for (const command of todo) {
    if (command.kind !== 'shell') continue;
    const run = spawn(machine, command.script, command.stdin);
    const { stdout, stderr, status } = run;
    results.push({
      status,
      stdout: stdout.toString(),
      stderr: stderr.toString(),
      truncated: false,
      durationMs: 0,
    });
    if (status !== 0) break;
  }
  const { change: after, facts } = plan(machine, resource, args);
  return {
    before,
    commands: todo,
    results,
    after,
    facts,
    registered: resource.registered(args, before, results, facts),
  };
}

function spawn({ shell, env }: Machine, script: string, stdin: Source | undefined) {
  const [program = 'sh', ...args] = shell;
  return spawnSync(program, [...args, '-c', script], {
    input: bytesOf(stdin),
    env: env ?? process.env,
    maxBuffer: 1 << 28,
  });
}

function bytesOf(stdin: Source | undefined): Buffer {
  if (stdin === undefined) return Buffer.alloc(0);
  const { before, ...behind } = stdin;
  if (before) return Buffer.concat([Buffer.from(before.expose()), bytesOf(behind)]);
  if (stdin.kind === 'file') return readFileSync(stdin.path);
  if (stdin.kind === 'base64') return Buffer.from(stdin.base64, 'base64');
  return Buffer.from(stdin.text instanceof Secret ? stdin.text.expose() : stdin.text);
}
