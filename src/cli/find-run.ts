import { mistake } from '../core/diagnostic.ts';
import { idsFor, type LeftOut, type RunSummary, readRun } from '../journal/runs.ts';
import { diagnosticText } from '../report/diagnostics.ts';
import { stderrPaint } from './console.ts';

/** The run that a word names: an id, the beginning of one, or `last`. Throws an InputError. */
export function findRun(folder: string, word: string): RunSummary {
  const ids = idsFor(folder, word, warnOnce);
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

const warned = new Set<string>();

/** A journal that cannot be read does not keep anybody from the other runs; but it is said, once for each run. */
export const warnOnce: LeftOut = (id, { diagnostics }) => {
  if (warned.has(id)) return;
  warned.add(id);
  for (const found of diagnostics)
    process.stderr.write(`${diagnosticText({ ...found, severity: 'warning' }, stderrPaint())}\n`);
};
