import type { Recap, RunEvent } from '../core/event.ts';
import { type Meaning, type Paint, plainPaint } from './paint.ts';
import { harmless } from './text.ts';

const COUNTERS: readonly (readonly [keyof Recap, Meaning])[] = [
  ['ok', 'ok'],
  ['changed', 'changed'],
  ['unreachable', 'unreachable'],
  ['failed', 'failed'],
  ['skipped', 'skipped'],
  ['rescued', 'ok'],
  ['ignored', 'warning'],
];

/** Ansible's recap, one aligned line per host, then the handlers that are still to run. */
export function recapText(
  finished: Extract<RunEvent, { type: 'finished' }>,
  paint: Paint = plainPaint,
): string {
  const hosts = Object.keys(finished.recap);
  const width = Math.max(0, ...hosts.map((host) => host.length));
  const lines = hosts.flatMap((host) => {
    const recap = finished.recap[host];
    return recap === undefined ? [] : [recapLine(host.padEnd(width), recap, paint)];
  });
  return ['PLAY RECAP', ...lines, ...pendingLines(finished, paint)].join('\n');
}

function recapLine(host: string, recap: Recap, paint: Paint): string {
  const counters = COUNTERS.map(([name, meaning]) => {
    const text = `${name}=${recap[name]}`;
    return `${paint(recap[name] > 0 ? meaning : 'quiet', text)}${' '.repeat(Math.max(0, name.length + 4 - text.length))}`;
  });
  return `${paint(hostMeaning(recap), host)} : ${counters.join(' ')}`.trimEnd();
}

function hostMeaning(recap: Recap): Meaning {
  if (recap.failed > 0) return 'failed';
  if (recap.unreachable > 0) return 'unreachable';
  return recap.changed > 0 ? 'changed' : 'ok';
}

function pendingLines(finished: Extract<RunEvent, { type: 'finished' }>, paint: Paint): string[] {
  return Object.entries(finished.pendingHandlers)
    .filter(([, handlers]) => handlers.length > 0)
    .map(
      ([host, handlers]) =>
        `${paint('warning', 'pending handlers')} on ${host}: ${handlers.map(harmless).join(', ')} (the next apply runs them)`,
    );
}
