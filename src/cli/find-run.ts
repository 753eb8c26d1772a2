import { mistake } from '../core/diagnostic.ts';
import { idsFor, type RunSummary, readRun } from '../journal/runs.ts';

/** The run that a word names: an id, the beginning of one, or `last`. Throws an InputError. */
export function findRun(folder: string, word: string): RunSummary {
  const ids = idsFor(folder, word);
  const [id, ...others] = ids;
  if (id === undefined)
    throw mistake(`there is no run \`${word}\` in ${folder}`, { hint: '`fanops runs` lists them' });
  if (others.length > 0)
    throw mistake(`\`${word}\` stands for ${ids.length} runs: ${ids.slice(0, 5).join(', ')}`, {
      hint: 'write more of its id',
    });
  const run = readRun(folder, id);
  if (run) return run;
  throw mistake(`the run ${id} was killed before it had written down what it was about: it did nothing`, {
    hint: 'begin it anew',
  });
}
