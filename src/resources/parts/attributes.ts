import type { FieldChange } from '../../core/change.ts';
import { lines, type Script, sh } from '../../core/shell.ts';

/** Owner, group and permissions as declared; what is absent is left as it is. */
export type Attributes = {
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
};

/** Where they differ; `before` is absent for a path that does not exist yet. */
export function attributeChanges(wanted: Attributes, before?: Required<Attributes>): FieldChange[] {
  return (['owner', 'group', 'mode'] as const).flatMap((field) => {
    const after = wanted[field];
    if (after === undefined || after === before?.[field]) return [];
    return [before ? { field, before: before[field], after } : { field, after }];
  });
}

/**
 * Sets them on `path`, a word of the script. Permissions come last, because a new owner clears the setuid
 * bits; the fifth digit makes chmod clear setgid on directories as well.
 */
export function setAttributes(path: Script, { owner, group, mode }: Attributes): Script {
  const account = `${owner ?? ''}${group === undefined ? '' : `:${group}`}`;
  return lines(
    account === '' ? undefined : sh`chown -- ${account} ${path}`,
    mode === undefined ? undefined : sh`chmod -- ${`0${mode}`} ${path}`,
  );
}

/** What they are afterwards, where that is certain: declared, or known from before. */
export function attributesAfter(
  wanted: Attributes,
  before?: Required<Attributes>,
): Required<Attributes> | undefined {
  const owner = wanted.owner ?? before?.owner;
  const group = wanted.group ?? before?.group;
  const mode = wanted.mode ?? before?.mode;
  return owner === undefined || group === undefined || mode === undefined
    ? undefined
    : { owner, group, mode };
}
