import { mistake } from '../core/diagnostic.ts';
import type { Doubt } from '../engine/past.ts';
import { taskTitle } from '../report/event-lines.ts';
import { askFor } from './ask.ts';
import type { Console } from './console.ts';

type Word = 'done' | 'again';

/** What the operator has said with `--treat-as`. */
export interface Said {
  readonly written: string;
  /** Without one: the only thing in doubt. */
  readonly of?: { readonly task: number; readonly place?: number; readonly host: string };
  readonly as: Word;
}

export function readTreatments(written: readonly string[]): readonly Said[] {
  return written.map((text) => {
    const [, task, place, host, as] = /^(?:(\d+)(?:\[(\d+)\])?@([^=]+)=)?(done|again)$/.exec(text) ?? [];
    if (as !== 'done' && as !== 'again')
      throw mistake(`--treat-as takes done, again, or TASK[ITEM]@HOST=done|again, found \`${text}\``, {
        hint: 'TASK is the number of the task: --treat-as 4@db1=done; of a loop: 4[2]@db1=done',
      });
    if (host === undefined) return { written: text, as };
    const item = place === undefined ? {} : { place: Number(place) };
    return { written: text, as, of: { task: Number(task), ...item, host } };
  });
}

/** Takes what was said on the command line, and asks for the rest on a terminal. */
export async function treatments(
  doubts: readonly Doubt[],
  said: readonly Said[],
  console: Console,
  run: string,
): Promise<ReadonlyMap<Doubt, Word>> {
  for (const doubt of doubts) console.err(`\nin doubt: ${doubtText(doubt)}\n`);
  const wrong = said.flatMap((word) => wrongWith(word, said, doubts) ?? []);
  if (wrong.length > 0) {
    console.err(`\n${[...wrong, whatToType(doubts, run)].join('\n')}\n`);
    return new Map();
  }
  const words = new Map<Doubt, Word>();
  for (const doubt of doubts) {
    const as = said.find((word) => meant(word, doubts).includes(doubt))?.as ?? (await asked(doubt));
    if (as !== undefined) words.set(doubt, as);
  }
  const open = doubts.filter((doubt) => !words.has(doubt));
  if (open.length > 0) console.err(`\n${whatToType(open, run)}\n`);
  return words;
}

/** What a word can be about. */
function meant({ of }: Said, doubts: readonly Doubt[]): readonly Doubt[] {
  if (!of) return doubts;
  return doubts.filter(
    ({ task, id, place }) =>
      task.number === of.task && id.host === of.host && (of.place === undefined || of.place === place),
  );
}

/** Why a word cannot be taken: it must be about one thing, and be the only one about it. */
function wrongWith(word: Said, said: readonly Said[], doubts: readonly Doubt[]): string | undefined {
  const [doubt, ...more] = meant(word, doubts);
  if (!doubt) return `--treat-as ${word.written} is about nothing that is in doubt`;
  if (more.length > 0)
    return `--treat-as ${word.written} may be about ${more.length + 1} things: ${[doubt, ...more].map(nameOf).join(', ')}`;
  const isSaidTwice = said.some((other) => other !== word && meant(other, doubts).includes(doubt));
  return isSaidTwice
    ? `--treat-as ${word.written}: of ${nameOf(doubt)} more than one thing is said`
    : undefined;
}

async function asked(doubt: Doubt): Promise<Word | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const answer = await askFor(
    `Look at ${doubt.on} for ${nameOf(doubt)}. Type "done" or "again" (anything else leaves it): `,
  );
  return answer === 'done' || answer === 'again' ? answer : undefined;
}

/** `4@db1`, of a loop `4[2]@db1` */
function nameOf({ task, place, id }: Doubt): string {
  return `${task.number}${place === undefined ? '' : `[${place}]`}@${id.host}`;
}

/** Brackets are a pattern to a shell. */
function quoted(word: string): string {
  return word.includes('[') ? `'${word}'` : word;
}

function doubtText({ task, label, id, on, display, why }: Doubt): string {
  const what =
    why === 'begun'
      ? 'it was begun, and nobody knows whether it ended'
      : 'it ended, but what it said was secret or is gone, and a later task may need it';
  const where = on === id.host ? on : `${id.host} -> ${on}`;
  return `[${where}] ${taskTitle(task, label)} (${task.file}:${task.line})\n  ${display}\n  ${what}`;
}

function whatToType(open: readonly Doubt[], run: string): string {
  const options = open.map((doubt) => `--treat-as ${quoted(`${nameOf(doubt)}=done`)}`).join(' ');
  const hosts = [...new Set(open.map(({ on }) => on))];
  return [
    `nothing more was done. Look at ${hosts.join(', ')} whether it happened, then say so:`,
    `  fanops resume ${run} ${options}     it has happened: go on behind it`,
    '  the same with =again         it has not, or may be done twice: do it again',
  ].join('\n');
}
