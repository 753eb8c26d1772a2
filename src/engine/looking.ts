import type { Answer, AnyFactKind, Looked } from '../core/fact.ts';
import type { Hello } from '../core/host.ts';
import type { Masker } from '../core/masker.ts';
import { Secret } from '../core/secret.ts';
import { type Session, Unreachable } from '../core/session.ts';
import type { Json } from '../core/value.ts';
import type { FactStore, Wanted } from './fact-store.ts';

export interface Looking {
  readonly kinds: ReadonlyMap<string, AnyFactKind>;
  readonly facts: FactStore;
  readonly masker: Masker;
}

/** Looks at everything wanted on one host in one go: one script per kind and account, all pipelined. */
export async function look(
  looking: Looking,
  host: string,
  session: Session | undefined,
  requests: readonly Wanted[],
): Promise<void> {
  if (!session) return putAll(looking, host, requests, unreadable(`${host} could not be reached`));
  await Promise.all(
    together(requests).map(async (wanted) => {
      const [{ request, as }] = wanted;
      const kind = looking.kinds.get(request.kind);
      if (!kind) throw new Error(`no fact kind is called ${request.kind}`);
      const seen = await lookAtKind(kind, session, wanted, as);
      wanted.forEach((one, index) => {
        const looked = seen[index] ?? unreadable(`${host} gave no answer about ${request.kind}`);
        rememberSecrets(looking.masker, looked);
        looking.facts.put(host, one, looked);
      });
    }),
  );
}

/** The account whose eyes a task's facts are seen with: root sees what every account sees. */
export function eyesOf(as: string | undefined, hello: Hello | undefined): { readonly as?: string } {
  return as === undefined || hello?.uid === 0 || as === hello?.user ? {} : { as };
}

async function lookAtKind(
  kind: AnyFactKind,
  session: Session,
  wanted: readonly Wanted[],
  as: string | undefined,
): Promise<readonly Looked<unknown>[]> {
  const subjects = wanted.map(({ request }) => request.subject as Json);
  const { script } = kind.look(subjects);
  const answer = await session.probe(script, {
    timeoutMs: kind.timeoutMs,
    ...(kind.mayHang ? { mayHang: true } : {}),
    ...(as === undefined ? {} : { as }),
  });
  return read(kind, answer, subjects);
}

function read(kind: AnyFactKind, answer: Answer, subjects: readonly Json[]): readonly Looked<unknown>[] {
  const seen: readonly Looked<unknown>[] = kind.parse(answer, subjects);
  if (seen.length !== subjects.length)
    throw new Error(`${kind.name}: ${subjects.length} subjects, ${seen.length} answers`);
  return seen;
}

/** Those that one script can see: of one kind, by one account. */
function together(requests: readonly Wanted[]): readonly [Wanted, ...Wanted[]][] {
  const groups = Map.groupBy(requests, ({ request, as }) => `${as ?? ''} ${request.kind}`);
  return [...groups.values()] as [Wanted, ...Wanted[]][];
}

function putAll(looking: Looking, host: string, requests: readonly Wanted[], looked: Looked<unknown>): void {
  for (const wanted of requests) looking.facts.put(host, wanted, looked);
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
