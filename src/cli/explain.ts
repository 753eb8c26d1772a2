import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { mistake, type Position } from '../core/diagnostic.ts';
import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import { type ExplainOptions, type Explanation, explain } from '../language/explain.ts';
import { matchSome } from '../language/patterns.ts';
import { Problems } from '../language/problems.ts';
import { valueJson, valueText } from '../report/value-text.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { type Console, openConsole } from './console.ts';
import { loadVariables } from './load-variables.ts';
import { findPlaybook } from './project.ts';

interface HostExplanation extends Explanation {
  readonly host: string;
}

/** `fanops explain`: where a variable's value comes from on each host, and what it hides. */
export async function explainVariable(args: Args): Promise<Outcome> {
  const [variable = ''] = args.positionals;
  const { inventory, extraVars } = loadVariables(args);
  const playbook = readPlaybook(lastOf(args, 'playbook'));
  const hosts = chosenHosts(lastOf(args, 'host') ?? 'all', inventory);
  const explanations = hosts.flatMap((host) =>
    explain({ inventory, variable, host, extraVars, ...(playbook && { playbook }) }).map(
      (explanation): HostExplanation => ({ host, ...explanation }),
    ),
  );
  if (playbook && explanations.length === 0)
    throw mistake(`no play of ${playbook.file} has ${hosts.join(', ')}`, {
      hint: 'name hosts of its plays with --host; the variables of a runbook are not explained yet',
    });
  const console = openConsole(new Masker(), args);
  if (isSet(args, 'json')) console.out(asJson(variable, explanations));
  else for (const group of alike(explanations)) console.out(asText(variable, group, console));
  return 'done';
}

function readPlaybook(name: string | undefined): ExplainOptions['playbook'] {
  if (name === undefined) return undefined;
  const file = findPlaybook(name);
  return {
    file,
    text: readFileSync(file, 'utf8'),
    readFile: (path) => readFileSync(resolve(dirname(file), path)),
  };
}

function chosenHosts(
  pattern: string,
  { inventory }: ReturnType<typeof loadVariables>['inventory'],
): string[] {
  const problems = new Problems();
  const hosts = problems.collect(() => matchSome(pattern, inventory));
  problems.throwIfAny();
  return hosts ?? [];
}

/** Hosts with the same value from the same places are shown together. */
function alike(explanations: readonly HostExplanation[]): HostExplanation[][] {
  return Object.values(
    Object.groupBy(explanations, ({ host: _, ...rest }) => JSON.stringify(rest)) as {
      [key: string]: HostExplanation[];
    },
  );
}

function asText(variable: string, group: readonly HostExplanation[], { paintOut }: Console): string {
  const [first] = group;
  if (!first) return '';
  const [counts, ...hidden] = first.places;
  const where = first.play === undefined ? '' : `  (play ${first.play})`;
  return [
    `${paintOut('strong', variable)} on ${group.map(({ host }) => host).join(', ')}${where}`,
    `  = ${valueText(first.value)}`,
    ...(counts ? [`  from ${placeText(counts)}`] : []),
    ...hidden.map((place) => `  hides ${placeText(place)}`),
    '',
    '',
  ].join('\n');
}

function placeText({ origin, position }: { readonly origin: string; readonly position?: Position }): string {
  return position ? `${origin}  (${position.file}:${position.line})` : origin;
}

function asJson(variable: string, explanations: readonly HostExplanation[]): string {
  const shown = explanations.map(({ host, play, value, places }) => ({
    host,
    ...(play !== undefined && { play }),
    ...(value !== undefined && { value: valueJson(value) }),
    places,
  }));
  return `${JSON.stringify({ schema: 'fanops/explain/1', variable, explanations: shown }, null, 2)}\n`;
}
