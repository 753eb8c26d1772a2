import type { RunEvent } from '../core/event.ts';
import type { TaskRef } from '../core/plan.ts';
import { harmless } from './text.ts';

/** What one host is doing at the moment. */
export type Activity =
  | { readonly kind: 'waiting' | 'connecting' | 'connected' | 'unreachable' }
  | { readonly kind: 'looking'; readonly facts: number }
  | {
      readonly kind: 'running';
      readonly task: TaskRef;
      readonly item: string;
      readonly since: number;
      /** When anything was last heard of it. */
      readonly heard: number;
      /** Its last line of output, or what a wait last saw. */
      readonly last: string;
    };

export type Running = Extract<Activity, { kind: 'running' }>;

/** What all hosts are doing, kept up to date by the events. */
export class Activities {
  readonly #hosts = new Map<string, Activity>();

  get hosts(): ReadonlyMap<string, Activity> {
    return this.#hosts;
  }

  /** `now` in milliseconds, by the reporter's ticker. */
  take(event: RunEvent, now: number): void {
    switch (event.type) {
      case 'connecting':
      case 'connected':
      case 'unreachable':
        this.#hosts.set(event.host, { kind: event.type });
        return;
      case 'looking':
        if (this.#running(event.host) === undefined)
          this.#hosts.set(event.host, { kind: 'looking', facts: event.facts });
        return;
      case 'play':
        for (const host of event.hosts) this.#hosts.set(host, { kind: 'waiting' });
        return;
      case 'begin': {
        const { task, item } = event;
        this.#hosts.set(event.host, { kind: 'running', task, item, since: now, heard: now, last: '' });
        return;
      }
      case 'output':
      case 'status':
        this.#hear(event.host, event.text, now);
        return;
      case 'end':
        this.#hosts.set(event.host, { kind: event.outcome === 'unreachable' ? 'unreachable' : 'waiting' });
        return;
      case 'finished':
      case 'step-ended':
        this.#hosts.clear();
        return;
      default:
        return;
    }
  }

  running(): [string, Running][] {
    return [...this.#hosts].flatMap(([host, activity]) =>
      activity.kind === 'running' ? [[host, activity] as [string, Running]] : [],
    );
  }

  #running(host: string): Running | undefined {
    const activity = this.#hosts.get(host);
    return activity?.kind === 'running' ? activity : undefined;
  }

  #hear(host: string, text: string, now: number): void {
    const running = this.#running(host);
    if (running) this.#hosts.set(host, { ...running, heard: now, last: lastLine(text) || running.last });
  }
}

/** The last line that says something; of a line that overwrites itself (progress bars), what it says last. */
export function lastLine(text: string): string {
  const line = text.split(/[\n\r]/).findLast((l) => l.trim() !== '') ?? '';
  return harmless(line.trimEnd());
}
