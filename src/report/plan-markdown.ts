import type { Plan, PlannedPlay } from '../core/plan.ts';
import { hostNames } from './host-names.ts';
import { plainPaint } from './paint.ts';
import { MARKS, planStepLines } from './plan-step.ts';
import { summaryLine } from './plan-text.ts';
import { type StepGroup, stepGroups } from './step-group.ts';
import { counted, cut, harmless } from './text.ts';

/** What forges take as one comment, in characters. */
export const MOST_CHARACTERS = 65_536;

/** Of a warning or a reason, so much. Characters. */
const MOST_NOTE = 300;

/**
 * A plan for a pull request: the summary and a table of the changes first, details folded. It never grows over
 * `most` characters: details go first, then rows of the table, and it says how much was left out.
 */
export function planMarkdown(plan: Plan, most = MOST_CHARACTERS): string {
  const groups = plan.plays.flatMap((play) => changes(play).map((group) => ({ play, group })));
  const head = headText(plan);
  const rows = fitting(
    groups.map(({ group }) => row(group)),
    Math.floor((most - head.length) / 2),
    'change',
  );
  const table = groups.length === 0 ? '' : `\n| | What | Hosts | Task |\n|---|---|---|---|\n${rows}`;
  const room = most - head.length - table.length - 200;
  const details = fitting(
    groups.map(({ group }) => detail(group)),
    room,
    'detail',
  );
  return cut(`${head}${table}${details === '' ? '' : `\n${details}`}`, most);
}

function headText(plan: Plan): string {
  const unreachable = plan.unreachable.map(
    (u) => `- **unreachable** ${inline(u.host)}: ${inline(cut(u.reason, MOST_NOTE))}\n`,
  );
  const warnings = plan.warnings.map((w) => `- **warning** ${inline(cut(w, MOST_NOTE))}\n`);
  const notes = first(unreachable, 50, 'more unreachable host') + first(warnings, 20, 'more warning');
  return `### fanops plan: ${inline(plan.playbook)}\n\n**${summaryLine(plan)}**\n${notes === '' ? '' : `\n${notes}`}`;
}

function first(items: readonly string[], most: number, noun: string): string {
  const rest = items.length - most;
  return items.slice(0, most).join('') + (rest > 0 ? `- … ${counted(rest, noun)}\n` : '');
}

function changes(play: PlannedPlay): StepGroup[] {
  return stepGroups(play).filter(({ step }) => step.skipped === undefined && step.change.action !== 'none');
}

function row({ step, hosts }: StepGroup): string {
  const risk =
    step.change.risk === 'changes' || step.change.risk === 'reads' ? '' : ` **! ${step.change.risk}**`;
  const what = `${inline(cut(step.address, 200))}${risk}`;
  return `| \`${MARKS[step.change.action]}\` | ${what} | ${inline(hostNames(hosts))} | ${step.task.number}. ${inline(cut(step.task.name, 200))} |\n`;
}

function detail(group: StepGroup): string {
  const [, ...lines] = planStepLines(group, plainPaint, true);
  if (lines.length === 0) return '';
  const text = lines.map((line) => line.slice(6)).join('\n');
  const fence = '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length + 1)));
  const title = `${MARKS[group.step.change.action]} ${group.step.address} [${hostNames(group.hosts)}]`;
  return `<details><summary>${inline(title)}</summary>\n\n${fence}diff\n${text}\n${fence}\n\n</details>\n`;
}

/** As many of the parts as there is room for, and a line that counts the rest. */
function fitting(parts: readonly string[], room: number, noun: string): string {
  let text = '';
  for (const [index, part] of parts.entries()) {
    if (text.length + part.length > room)
      return `${text}\n… ${counted(parts.length - index, `more ${noun}`)} not shown.\n`;
    text += part;
  }
  return text;
}

/** Text that Markdown and HTML leave alone, on one line. */
function inline(text: string): string {
  return harmless(text)
    .replaceAll('\n', ' ')
    .replace(/[\\`*_[\]|~@#]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
