import type { Touch } from './touch.ts';
import type { Json } from './value.ts';

/** What looking at one subject gave. "Could not look" is never "not there". */
export type Looked<V> =
  | { readonly state: 'value'; readonly value: V }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly reason: string };

/** The raw answer of a host to one script. */
export interface Answer {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Asks for one fact about one subject. */
export interface FactRequest<V = unknown> {
  readonly kind: string;
  readonly subject: Json;
  /** Only for the type checker. */
  readonly value?: V;
}

/** A fact of another host than the one that a task is done on. */
export interface FarRequest<V = unknown> {
  readonly host: string;
  readonly request: FactRequest<V>;
}

/** One kind of fact: how to look at many subjects with one script, and how to read the answer. Pure. */
export interface FactKind<Subject extends Json = Json, V = unknown> {
  readonly name: string;
  /** Where the fact is the same for a whole group, or of the controller alone. */
  readonly scope: 'host' | 'cluster' | 'controller';
  readonly timeoutMs: number;
  /** It may hang (network, databases): run outside the shared shell, on a channel of its own. */
  readonly mayHang?: boolean;
  /** ONE script for all subjects. It changes nothing, and frames the answer of every subject. */
  look(subjects: readonly Subject[]): { readonly kind: 'shell'; readonly script: string };
  /** One answer per subject, in their order; a missing frame is unreadable. */
  parse(answer: Answer, subjects: readonly Subject[]): readonly Looked<V>[];
  /** What has to change for this fact to change. */
  dependsOn(subject: Subject): readonly Touch[];
}

/** Any kind of fact, for registries and the engine. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds kinds of all subjects and values; requests carry the right one
export type AnyFactKind = FactKind<any, any>;

/** The key under which a fact is kept: same kind and subject, same key. */
export function factKey(request: FactRequest): string {
  return `${request.kind} ${stable(request.subject)}`;
}

/** The facts that one resource sees when it compares. */
export interface FactView {
  /** The host where the resource is kept (for cluster scope, the elected member). */
  readonly host: string;
  /** All members for cluster scope, else just the host. */
  readonly members: readonly string[];
  /** Of the host, or of the named member or other host. Throws when nobody asked for it: a bug in `needs`. */
  get<V>(request: FactRequest<V>, member?: string): Looked<V>;
}

/** What a later task may take as known once a change is made. */
export interface Prediction {
  readonly request: FactRequest;
  readonly looked: Looked<unknown>;
}

function stable(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.keys(value)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${stable((value as { [k: string]: Json })[k] ?? null)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}
