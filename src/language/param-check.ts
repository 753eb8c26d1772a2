import type { Param } from '../core/runbook.ts';
import { type Condition, compileCondition } from './condition.ts';
import { type ConditionEnvironment, conditionEnvironment } from './condition-environment.ts';
import { Fields } from './fields.ts';
import type { Entry, Located } from './located.ts';
import { type Names, namesOf } from './names.ts';
import type { ParamsReading } from './params.ts';
import { DYN, objectShape, type Shape, STRING, shapeOfValue } from './shape.ts';

/** Evaluates a parameter's `check`: a condition, or a list of `{that, msg}`, over all parameters and the groups. */
export function checkHolds({ key, value }: Entry, params: readonly Param[], reading: ParamsReading): void {
  const { problems } = reading;
  if (value.kind !== 'mapping') return;
  const check = new Fields(value, problems).entry('check')?.value;
  if (!check) return;
  // One that need not be given, and was not, is not checked.
  if (params.find(({ name }) => name === key)?.value === null) return;
  const environment = environmentOf(params, reading);
  for (const { that, msg } of checksIn(check, reading)) {
    const condition: Condition = compileCondition(
      that,
      environment,
      { key: 'check', strict: true },
      problems,
    );
    const holds = problems.collect(() => condition.evaluate(scopeOf(params, reading)), that.position);
    if (holds === false)
      problems.error(`the parameter \`${key}\` is refused: ${msg ?? condition.text}`, that.position);
  }
}

function checksIn(check: Located, { problems }: ParamsReading): { that: Located; msg?: string }[] {
  if (check.kind === 'scalar') return [{ that: check }];
  const items = check.kind === 'list' ? check.items : [check];
  return items.flatMap((item) => {
    if (item.kind !== 'mapping') return [{ that: item }];
    const fields = new Fields(item, problems);
    const that = fields.entry('that')?.value;
    const msg = fields.text('msg');
    if (!that)
      problems.error('a check has `that:`, none found', item.position, 'write `that:` with a condition');
    return that ? [{ that, ...(msg ? { msg: String(msg.value) } : {}) }] : [];
  });
}

function environmentOf(params: readonly Param[], { inventory }: ParamsReading): ConditionEnvironment {
  const names: Shape = { kind: 'list', of: STRING };
  const shapes = params.map(({ name, value }) => [name, value === null ? DYN : shapeOfValue(value)] as const);
  const groups = Object.keys(inventory.groups).map((group) => [group, names] as const);
  const root = {
    vars: objectShape(Object.fromEntries(shapes)),
    groups: objectShape(Object.fromEntries(groups)),
  };
  return conditionEnvironment(root, [], new Map());
}

function scopeOf(params: readonly Param[], { inventory }: ParamsReading): Names {
  const values = Object.fromEntries(params.map(({ name, value }) => [name, value]));
  return namesOf('variable', {
    vars: namesOf('variable', values),
    groups: namesOf('group', inventory.groups),
  });
}
