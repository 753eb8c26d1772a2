import type { JsonSchema } from '../core/resource.ts';
import { PARAM_TYPES } from '../core/runbook.ts';
import type { Json } from '../core/value.ts';
import { CONDITION, DURATION, type Keywords, PLAY_KEYWORDS_SAID, said, TASKS, TEXT } from './keywords.ts';

// What reads a runbook takes the names of its keys from here: each is described to editors, or is refused.

const BOOLEAN: JsonSchema = { type: 'boolean' };
const MSG = said(TEXT, 'What to do instead, for somebody at three in the morning.');

/** What steps, invariants and the runbook itself have from plays. */
function ofPlays(...names: readonly string[]): Keywords {
  return Object.fromEntries(names.map((name) => [name, PLAY_KEYWORDS_SAID[name] ?? {}]));
}

const LOOK = said(TASKS, 'Tasks that only read: facts, `stat`, `command` with `changed_when: false`.');
const THAT = said(CONDITION, 'What must hold (CEL).');

export const PARAM_KEYWORDS: Keywords = {
  type: said({ enum: [...PARAM_TYPES] }, 'What it is: `string`, unless it says otherwise.'),
  description: said(TEXT, 'What it is for.'),
  default: { description: 'Taken where it is not given; it is not rendered.' },
  required: said(BOOLEAN, '`false`: it need not be given, and is null then.'),
  choices: said({ type: 'array' }, 'The only values that are accepted.'),
  pattern: said({ type: 'string', format: 'regex' }, 'What the whole value has to fit.'),
  check: said(
    { anyOf: [CONDITION, oneOrMore({ that: THAT, msg: MSG })] },
    'A condition, or a list of `{that, msg}`, over `vars` and `groups`.',
  ),
};

export const OBJECTIVE_KEYWORDS: Keywords = {
  rto: said(DURATION, 'How long it may take.'),
  rpo: said(DURATION, 'How much may be lost.'),
};

export const INVARIANT_KEYWORDS: Keywords = {
  name: said(TEXT, 'Its name, in words.'),
  ...ofPlays('hosts'),
  look: LOOK,
  that: THAT,
  msg: MSG,
  undo: said(BOOLEAN, 'Whether it is judged before each step back, too.'),
  ...ofPlays('become', 'become_user', 'environment'),
};

export const VERIFY_KEYWORDS: Keywords = {
  that: said(CONDITION, 'What must become true (CEL).'),
  msg: said(TEXT, 'Where to look when it does not.'),
  within: said(DURATION, 'In what time (60 s).'),
  every: said(DURATION, 'How often it is looked at (2 s).'),
  look: LOOK,
};

/** What a step takes from plays and hands on to its blocks. */
export const STEP_SHARED: Keywords = ofPlays(
  'hosts',
  'defaults',
  'vars',
  'vars_files',
  'become',
  'become_user',
  'environment',
);

const STEP_BACK: Keywords = {
  step: said(TEXT, 'Its name, in words; different from all others.'),
  name: said(TEXT, 'The same as `step`.'),
  description: said(TEXT, 'What it does and why, for the paper.'),
  ...STEP_SHARED,
  ...ofPlays('serial'),
  when: said(CONDITION, 'Hosts where it does not hold take no part.'),
  look: LOOK,
  guard: said(
    oneOrMore({ that: THAT, msg: MSG }, ['that', 'msg']),
    'What must hold, else nothing of the step is done.',
  ),
  confirm: said(
    {
      anyOf: [
        TEXT,
        mapping({ text: said(TEXT, 'What to type.'), message: said(TEXT, 'Why it is asked.') }, ['text']),
      ],
    },
    'What the operator must type.',
  ),
  point_of_no_return: said(BOOLEAN, 'Once it has begun, nothing before it is taken back.'),
  ...ofPlays('tasks', 'handlers'),
  verify: said(mapping(VERIFY_KEYWORDS, ['that']), 'What must become true afterwards.'),
  timeout: said(DURATION, 'Ends what still runs then.'),
  ignore_unreachable: said(
    BOOLEAN,
    'Hosts that cannot be reached take no part; the run warns of them at its end.',
  ),
  on_failure: said(
    { anyOf: [{ enum: ['stop', 'continue'] }, { type: 'array', items: { $ref: '#/$defs/task' } }] },
    '`stop`, `continue`, or tasks to do before it stops.',
  ),
};

export const STEP_KEYWORDS: Keywords = {
  ...STEP_BACK,
  undo: said(
    { anyOf: [TASKS, mapping(STEP_BACK)] },
    'Tasks that take it back, or a mapping like a step; `[]`: nothing to take back.',
  ),
};

export const RUNBOOK_KEYWORDS: Keywords = {
  runbook: said(TEXT, 'Its name, in words.'),
  description: said(TEXT, 'What it is for, and when it is not.'),
  params: said(
    { type: ['object', 'null'], additionalProperties: mapping(PARAM_KEYWORDS) },
    'What is given with `-e name=value`; checked before anything runs.',
  ),
  objectives: said(mapping(OBJECTIVE_KEYWORDS), 'What its duration is measured against.'),
  ...ofPlays('defaults', 'vars', 'vars_files', 'become', 'become_user', 'environment'),
  invariants: said(
    oneOrMore(INVARIANT_KEYWORDS, ['that']),
    'Conditions that hold before every step and after the last.',
  ),
  steps: said(
    {
      type: 'array',
      minItems: 1,
      items: {
        ...mapping(STEP_KEYWORDS, ['hosts']),
        anyOf: [{ required: ['step'] }, { required: ['name'] }],
      },
    },
    'What is done, in order.',
  ),
};

function mapping(properties: Keywords, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties: properties as Json, required, additionalProperties: false };
}

function oneOrMore(properties: Keywords, required: readonly string[] = ['that']): JsonSchema {
  const one = mapping(properties, required);
  return { anyOf: [one, { type: 'array', items: one }] };
}
