import { mistake } from '../core/diagnostic.ts';
import type { Outcome } from '../core/outcome.ts';
import { hasTerminal, typed } from './prompt.ts';
import { commandsOf, type Incident, whichRunbook } from './which-runbook.ts';

const RUNBOOKS = [
  'diagnose.yml (what is wrong?)',
  'recover-node.yml (one node)',
  'recover-cluster.yml (all of it)',
  'recover-s3.yml (only S3 is left)',
  'recover-etcd.yml (etcd has lost its quorum for good)',
  'recover-pitr.yml (deleted by mistake)',
  'rejoin-node.yml (a lost machine is back)',
  'verify-backups.yml',
];

/** `fanops run` without a name: three questions that name the runbook. Nothing is run. */
export async function chooseRunbook(): Promise<Outcome> {
  if (!hasTerminal())
    throw mistake('RUNBOOK is missing', {
      hint: `write fanops run RUNBOOK, and -e target=NODE for those that recover or rejoin; there are ${RUNBOOKS.join(', ')}. On a terminal, three questions name the right one`,
    });
  const incident = await questioned();
  if (incident === undefined) return 'interrupted';
  const advice = whichRunbook(incident);
  const [plan, run] = commandsOf(advice);
  const fillIn = advice.fillIn === undefined ? '' : `\n${advice.fillIn}\n`;
  process.stdout.write(
    `\n${advice.why}.\n\n  ${plan}    what it would do; changes nothing\n  ${run}\n${fillIn}`,
  );
  return 'done';
}

async function questioned(): Promise<Incident | undefined> {
  const serving = await answer('Is the cluster serving its clients?', ['yes', 'no']);
  if (serving === undefined) return undefined;
  const withData = await answer('How many nodes still have their data?', ['all', 'some', 'none']);
  if (withData === undefined) return undefined;
  const deleted = await answer('Was data deleted or changed by mistake?', ['yes', 'no']);
  if (deleted === undefined) return undefined;
  return { isServing: serving === 'yes', withData, isMistake: deleted === 'yes' };
}

/** Asks until one of the words is typed; undefined when it is broken off. */
async function answer<Word extends string>(
  question: string,
  words: readonly Word[],
): Promise<Word | undefined> {
  for (;;) {
    const said = await typed(`${question} (${words.join(', ')}) `);
    if (said === undefined) return undefined;
    const word = words.find((one) => one === said.toLowerCase());
    if (word !== undefined) return word;
  }
}
