import type { RunEvent } from '../core/event.ts';
import type { Judgement, StepRef } from '../core/runbook.ts';
import { duration } from './duration.ts';
import { hostNames } from './host-names.ts';
import type { Paint } from './paint.ts';
import { harmless } from './text.ts';

/** Where a runbook stands, kept up to date by the events; outlives the reporters that are closed for a question. */
export class RunbookProgress {
  #steps: readonly StepRef[] = [];
  #rtoMs: number | undefined;
  #begun = 0;
  #current: StepRef | undefined;
  #watching = '';

  /** `now` in milliseconds, by the reporter's ticker. */
  take(event: RunEvent, now: number): void {
    if (event.type === 'runbook') {
      this.#steps = event.steps;
      this.#rtoMs = event.objectives.rtoMs;
      this.#begun = now;
    } else if (event.type === 'step') {
      this.#current = event.step;
      this.#watching = '';
    } else if (event.type === 'watching') this.#watching = event.text;
    else if (event.type === 'step-ended') this.#current = undefined;
  }

  /** The live rows: where it stands, and what `verify` last saw. */
  rows(now: number): string[] {
    if (!this.#current) return [];
    const next =
      this.#steps[this.#steps.indexOf(this.#steps.find(({ id }) => id === this.#current?.id) as StepRef) + 1];
    const parts = [
      this.#title(this.#current),
      this.elapsed(now),
      `next: ${next ? harmless(next.name) : 'the end'}`,
    ];
    const watching = this.#watching === '' ? [] : [`waiting: ${harmless(this.#watching)}`];
    return [parts.join(' · '), ...watching];
  }

  /** `2 min 10 s of 30 min 00 s (RTO)` */
  elapsed(now: number): string {
    const spent = duration(now - this.#begun);
    if (this.#rtoMs === undefined) return spent;
    const late = now - this.#begun > this.#rtoMs ? ', over it' : '';
    return `${spent} of ${duration(this.#rtoMs)} (RTO${late})`;
  }

  /** What stays of an event of a runbook; undefined for all others. */
  lasting(event: RunEvent, paint: Paint, now: number, verbose: boolean): string | undefined {
    switch (event.type) {
      case 'runbook':
        return `\n${paint('strong', `RUNBOOK ${harmless(event.name)}`)}  ${event.steps.length} steps${this.#objective()}`;
      case 'step': {
        const back = event.undo ? 'going back, ' : '';
        const hosts = event.hosts.length === 0 ? 'no host' : hostNames(event.hosts);
        return `\n${paint('strong', `${back}${this.#title(event.step)}`)}  [${hosts}]  ${this.elapsed(now)}`;
      }
      case 'judged': {
        const shown = event.judgements.filter(({ state }) => verbose || state !== 'holds');
        const lines = shown.flatMap((judgement) => judgementLines(event.what, judgement, paint));
        return lines.length === 0 ? undefined : lines.join('\n');
      }
      case 'confirmed':
        return `confirmed (${event.how === 'typed' ? 'typed' : '--confirm'}): ${harmless(event.text)}`;
      case 'step-ended': {
        const { outcome, reason } = event;
        const meaning = outcome === 'done' ? 'ok' : outcome === 'skipped' ? 'skipped' : 'failed';
        const why = reason === undefined ? '' : `: ${harmless(reason)}`;
        return paint(meaning, `step ${event.step.number} ${outcome}${why}  ${duration(event.durationMs)}`);
      }
      default:
        return undefined;
    }
  }

  #title(step: StepRef): string {
    return `step ${step.number} of ${Math.max(this.#steps.length, step.number)}: ${harmless(step.name)}`;
  }

  #objective(): string {
    return this.#rtoMs === undefined ? '' : `, to be done in ${duration(this.#rtoMs)} (RTO)`;
  }
}

const MARK = { holds: '✓', broken: '✗', unknown: '?', unseen: '✗' } as const;
const MEANING = { holds: 'ok', broken: 'failed', unknown: 'warning', unseen: 'failed' } as const;

/** One condition, what it saw where it does not hold, and what to do instead. */
export function judgementLines(what: string, judgement: Judgement, paint: Paint): string[] {
  const { expression, hosts, state, seen, reason, msg } = judgement;
  const how = state === 'unknown' ? `  (not known before: ${harmless(reason ?? '')})` : '';
  const why = state === 'unseen' ? (reason ?? 'it could not be looked at') : seen;
  return [
    paint(MEANING[state], `${MARK[state]} ${what}: ${harmless(expression)}  [${hostNames(hosts)}]${how}`),
    ...(state !== 'holds' && state !== 'unknown' && why !== undefined ? [`    ${harmless(why)}`] : []),
    ...(state !== 'holds' && msg !== undefined
      ? [`    ${harmless(msg.trim()).replaceAll('\n', '\n    ')}`]
      : []),
  ];
}
