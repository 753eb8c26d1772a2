import type { Runbook, Step } from '../core/runbook.ts';
import { duration } from './duration.ts';
import { hostNames } from './host-names.ts';
import { harmless } from './text.ts';

/** The steps of a runbook with their hosts, and which of them cannot be taken back. */
export function runbookOverview(runbook: Runbook): string {
  const { name, description, steps, objectives, lost } = runbook;
  const rto = objectives.rtoMs === undefined ? '' : `  (RTO ${duration(objectives.rtoMs)})`;
  return [
    `RUNBOOK ${harmless(name)}${rto}`,
    ...(description === ''
      ? []
      : harmless(description)
          .split('\n')
          .map((line) => `  ${line}`)),
    ...(lost.length === 0 ? [] : [`  lost: ${hostNames(lost)}`]),
    ...steps.map(stepLine),
    '',
  ].join('\n');
}

function stepLine(step: Step): string {
  const hosts = step.hosts.length === 0 ? 'no host' : hostNames(step.hosts);
  const notes = [
    ...(step.confirm ? ['asks for a text'] : []),
    ...(step.pointOfNoReturn ? ['POINT OF NO RETURN'] : []),
  ];
  const shown = notes.length === 0 ? '' : `  (${notes.join(', ')})`;
  return `${String(step.number).padStart(3)}. ${harmless(step.name)}  [${hosts}]${shown}`;
}
