import { blocked, type Change, type FieldChange, NONE } from '../../core/change.ts';
import type { FactRequest, FactView } from '../../core/fact.ts';
import type { Example, JsonSchema, Resource } from '../../core/resource.ts';
import type { Script } from '../../core/shell.ts';
import type { Touch } from '../../core/touch.ts';
import { object, text } from './schema.ts';

interface AccountArgs {
  readonly name: string;
  readonly state?: 'present' | 'absent';
}

/** What a kind of account says of itself. */
interface Account<Args extends AccountArgs, Info> {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly Example[];
  readonly schema: JsonSchema;
  factOf(name: string): FactRequest<Info>;
  /** What is wanted and is not so; without `info` all that is wanted. */
  differences(args: Args, info?: Info): FieldChange[];
  script(args: Args, change: Change): Script;
  touches(args: Args): readonly Touch[];
  predict: NonNullable<Resource<Args>['predict']>;
}

/** A resource that is known to the host by its name in a file of accounts. */
export function account<Args extends AccountArgs, Info>({
  factOf,
  differences,
  script,
  ...own
}: Account<Args, Info>): Resource<Args, { readonly name: string }> {
  return {
    ...own,
    kind: 'resource',
    scope: 'host',
    result: object({ name: text('Its name.') }, ['name']),
    identity: ['name'],
    address: ({ name }) => `${own.name} ${name}`,
    needs: ({ name }) => [factOf(name)],
    diff: (args, facts) => diff(args, facts, factOf(args.name), differences),
    commands: (args, change) => {
      const { text: command } = script(args, change);
      return [{ kind: 'shell', script: command, display: command, timeoutMs: 60_000 }];
    },
    registered: ({ name }) => ({ name }),
  };
}

function diff<Args extends AccountArgs, Info>(
  args: Args,
  facts: FactView,
  fact: FactRequest<Info>,
  differences: Account<Args, Info>['differences'],
): Change {
  const looked = facts.get(fact);
  if (looked.state === 'unreadable') return blocked(looked.reason);
  const isWanted = args.state !== 'absent';
  if (looked.state === 'absent') {
    if (!isWanted) return NONE;
    const fields = [{ field: 'state', after: 'present' }, ...differences(args)];
    return { action: 'create', risk: 'changes', fields };
  }
  if (!isWanted) {
    const fields = [{ field: 'state', before: 'present', after: 'absent' }];
    return { action: 'delete', risk: 'changes', fields };
  }
  const fields = differences(args, looked.value);
  return fields.length === 0 ? NONE : { action: 'update', risk: 'changes', fields };
}
