import type { FieldChange } from '../../core/change.ts';
import type { FactRequest, FactView } from '../../core/fact.ts';
import { lines, type Script, sh } from '../../core/shell.ts';
import { type Unlike, unlikeFact } from '../../facts/unlike.ts';
import type { Attributes } from './attributes.ts';

/** What everything below a directory is to be like. */
export interface Below extends Attributes {
  readonly path: string;
  /** Of regular files; `mode` is that of directories. */
  readonly file_mode?: string;
}

export function unlikeBelow({
  path,
  owner = '',
  group = '',
  mode = '',
  file_mode = '',
}: Below): FactRequest<Unlike> {
  return unlikeFact({ path, owner, group, mode, fileMode: file_mode });
}

export function belowChange(args: Below, facts: FactView): FieldChange[] | { readonly problem: string } {
  const looked = facts.get(unlikeBelow(args));
  if (looked.state !== 'value')
    return { problem: looked.state === 'unreadable' ? looked.reason : `${args.path} is not there any more` };
  const { count, names } = looked.value;
  if (count === 0) return [];
  const shown = `${names.join(', ')}${count > names.length ? ', …' : ''}`;
  return [{ field: 'below', before: `${count} differ: ${shown}`, after: 'as declared' }];
}

/** Only what differs is set: times of change stay, and nothing is followed. */
export function setBelow({ path, owner, group, mode, file_mode }: Below): Script {
  const account = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`;
  const differs = [
    ...(owner === undefined ? [] : [sh`! -user ${owner}`]),
    ...(group === undefined ? [] : [sh`! -group ${group}`]),
  ];
  const any = differs.reduce((left, right) => sh`${left} -o ${right}`, sh`-false`);
  return lines(
    account === ''
      ? undefined
      : sh`find -H ${path} -mindepth 1 \\( ${any} \\) -exec chown -h -- ${account} {} +`,
    mode === undefined
      ? undefined
      : sh`find -H ${path} -mindepth 1 -type d ! -perm ${mode} -exec chmod -- ${`0${mode}`} {} +`,
    file_mode === undefined
      ? undefined
      : sh`find -H ${path} -mindepth 1 -type f ! -perm ${file_mode} -exec chmod -- ${`0${file_mode}`} {} +`,
  );
}
