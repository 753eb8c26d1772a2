import { mistake } from '../core/diagnostic.ts';
import type { Doubt } from '../engine/past.ts';
import { taskTitle } from '../report/event-lines.ts';
import { askFor } from './ask.ts';
import type { Console } from './console.ts';

type Word = 'done' | 'again';

/** What the operator has said with `--treat-as`. */
export interface Said {
  /** Without one: the only thing in doubt. */
  readonly place?: string;
  readonly as: Word;
}

export function readTreatments(written: readonly string[]): readonly Said[] {
  return written.map((text) => {
    const [, place, as] = /^(?:(\d+@[^=]+)=)?(done|again)$/.exec(text) ?? [];
    if (as !== 'done' && as !== 'again')
      throw mistake(`--treat-as takes done, again, or TASK@HOST=done|again, found \`${text}\``, {
        hint: 'TASK is the number of the task: --treat-as 4@db1=done',
      });
    return { as, ...(place === undefined ? {} : { place }) };
  });
}

/** Takes what was said on the command line, and asks for the rest on a terminal. */
export async function treatments(
  doubts: readonly Doubt[],
  said: readonly Said[],
  console: Console,
  run: string,
): Promise<ReadonlyMap<Doubt, Word>> {
  const words = new Map<Doubt, Word>();
  for (const doubt of doubts) {
    const word = said.find(
      ({ place }) => place === placeOf(doubt) || (place === undefined && doubts.length === 1),
    );
    console.err(`\nin doubt: ${doubtText(doubt)}\n`);
    const as = word?.as ?? (await asked(doubt));
    if (as !== undefined) words.set(doubt, as);
  }
  const open = doubts.filter((doubt) => !words.has(doubt));
  if (open.length > 0) console.err(`\n${whatToType(open, run)}\n`);
  return words;
}

async function asked(doubt: Doubt): Promise<Word | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const answer = await askFor(`Look at ${doubt.id.host}. Type "done" or "again" (anything else leaves it): `);
  return answer === 'done' || answer === 'again' ? answer : undefined;
}

function placeOf({ task, id }: Doubt): string {
  return `${task.number}@${id.host}`;
}

function doubtText({ task, label, id, display, why }: Doubt): string {
  const what =
    why === 'begun'
      ? 'it was begun, and nobody knows whether it ended'
      : 'it ended, but what it said was secret or is gone, and a later task may need it';
  return `[${id.host}] ${taskTitle(task, label)} (${task.file}:${task.line})\n  ${display}\n  ${what}`;
}

function whatToType(open: readonly Doubt[], run: string): string {
  const options = open.map((doubt) => `--treat-as ${placeOf(doubt)}=done`).join(' ');
  return [
    'nothing more was done. Look at the host whether it happened, then say so:',
    `  fanops resume ${run} ${options}     it has happened: go on behind it`,
    '  the same with =again         it has not, or may be done twice: do it again',
  ].join('\n');
}
