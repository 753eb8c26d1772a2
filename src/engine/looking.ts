import type { Answer, AnyFactKind, FactRequest, Looked } from '../core/fact.ts';
import type { Masker } from '../core/masker.ts';
import { Secret } from '../core/secret.ts';
import { type Session, Unreachable } from '../core/session.ts';
import type { Json } from '../core/value.ts';
import type { FactStore } from './fact-store.ts';

export interface Looking {
  readonly kinds: ReadonlyMap<string, AnyFactKind>;
  readonly facts: FactStore;
  readonly lookAsRoot: ReadonlySet<string>;
  readonly masker: Masker;
}

/** Looks at everything wanted on one host in one go: one script per kind, all pipelined. */
export async function look(
  looking: Looking,
  host: string,
  session: Session | undefined,
  requests: readonly FactRequest[],
): Promise<void> {
  if (!session) return putAll(looking, host, requests, unreadable(`${host} could not be reached`));
  const as = looking.lookAsRoot.has(host) && session.hello.uid !== 0 ? { as: 'root' } : {};
  await Promise.all(
    [...byKind(requests)].map(async ([name, wanted]) => {
      const kind = looking.kinds.get(name);
      if (!kind) throw new Error(`no fact kind is called ${name}`);
      const seen = await lookAtKind(kind, session, wanted, as);
      wanted.forEach((request, index) => {
        const looked = seen[index] ?? unreadable(`${host} gave no answer about ${name}`);
        rememberSecrets(looking.masker, looked);
        looking.facts.put(host, request, looked);
      });
    }),
  );
}

async function lookAtKind(
  kind: AnyFactKind,
  session: Session,
  wanted: readonly FactRequest[],
  as: { readonly as?: string },
): Promise<readonly Looked<unknown>[]> {
  const subjects = wanted.map((request) => request.subject as Json);
  const { script } = kind.look(subjects);
  const answer = await session.probe(script, {
    timeoutMs: kind.timeoutMs,
    ...(kind.mayHang ? { mayHang: true } : {}),
    ...as,
  });
  return read(kind, answer, subjects);
}

function read(kind: AnyFactKind, answer: Answer, subjects: readonly Json[]): readonly Looked<unknown>[] {
  const seen: readonly Looked<unknown>[] = kind.parse(answer, subjects);
  if (seen.length !== subjects.length)
    throw new Error(`${kind.name}: ${subjects.length} subjects, ${seen.length} answers`);
  return seen;
}

function byKind(requests: readonly FactRequest[]): Map<string, FactRequest[]> {
  return Map.groupBy(requests, (request) => request.kind);
}

function putAll(
  looking: Looking,
  host: string,
  requests: readonly FactRequest[],
  looked: Looked<unknown>,
): void {
  for (const request of requests) looking.facts.put(host, request, looked);
}

function unreadable(reason: string): Looked<unknown> {
  return { state: 'unreadable', reason };
}

function rememberSecrets(masker: Masker, value: unknown): void {
  if (value instanceof Secret) masker.add(value);
  else if (value !== null && typeof value === 'object')
    for (const child of Object.values(value)) rememberSecrets(masker, child);
}

/** Whether an error means that the host is gone, rather than that fanops is wrong. */
export function isUnreachable(error: unknown): error is Unreachable {
  return error instanceof Unreachable;
}
