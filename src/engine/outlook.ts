import type { AnyFactKind } from '../core/fact.ts';
import { type FactRequest, factKey, type Looked, type Prediction } from '../core/fact.ts';
import { meets, type Touch } from '../core/touch.ts';

/** A change that is due but not made: what it may alter, and by which task. */
interface Due {
  readonly host: string;
  readonly touch: Touch;
  readonly label: string;
  readonly number: number;
}

/** What lies ahead of a task: changes that are due, and the facts that can be taken as known after them. */
export class Outlook {
  readonly #kinds: ReadonlyMap<string, AnyFactKind>;
  readonly #due: Due[] = [];
  readonly #predicted = new Map<string, Map<string, Prediction>>();

  constructor(kinds: ReadonlyMap<string, AnyFactKind>) {
    this.#kinds = kinds;
  }

  predicted(host: string, request: FactRequest): Looked<unknown> | undefined {
    return this.#predicted.get(host)?.get(factKey(request))?.looked;
  }

  /** The change that makes this fact uncertain; undefined when it is sure or predicted. */
  clouding(host: string, request: FactRequest): Due | undefined {
    if (this.#due.length === 0 || this.predicted(host, request) !== undefined) return undefined;
    const dependsOn = this.#dependsOn(request);
    return this.#due.find((due) => dependsOn.some((looked) => reaches(due, host, looked)));
  }

  add(
    task: { readonly label: string; readonly number: number },
    host: string,
    touches: readonly Touch[],
    predictions: readonly Prediction[],
  ): void {
    for (const touch of touches) this.#due.push({ host, touch, ...task });
    const known = this.#predicted.get(host) ?? new Map<string, Prediction>();
    for (const [key, { request }] of known)
      if (this.#dependsOn(request).some((looked) => touches.some((touch) => meets(touch, looked))))
        known.delete(key);
    for (const prediction of predictions) known.set(factKey(prediction.request), prediction);
    this.#predicted.set(host, known);
  }

  /** Whether a change with these touches may alter a fact on that host. */
  disturbs(touches: readonly Touch[], by: string, host: string, request: FactRequest): boolean {
    const dependsOn = this.#dependsOn(request);
    return touches.some((touch) =>
      dependsOn.some((looked) => reaches({ host: by, touch, label: '', number: 0 }, host, looked)),
    );
  }

  #dependsOn(request: FactRequest): readonly Touch[] {
    const kind = this.#kinds.get(request.kind);
    if (!kind) throw new Error(`no fact kind is called ${request.kind}`);
    return kind.dependsOn(request.subject);
  }
}

/** A change on another host matters only to what the hosts share. */
function reaches(due: Due, host: string, looked: Touch): boolean {
  const shared = looked.on === 'cluster' || looked.on === 'outside';
  return (due.host === host || shared) && meets(due.touch, looked);
}
