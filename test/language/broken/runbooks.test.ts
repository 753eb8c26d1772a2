import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Value } from '../../../src/core/value.ts';
import { loadRunbook } from '../../../src/language/load-runbook.ts';
import { args, inventory, mistakes, RESOURCES } from '../load.ts';

const LOOKS = ['assert', 'members'];
const RESOURCES_HERE = RESOURCES.map((resource) =>
  ['command', 'assert', 'members', 'wait_for'].includes(resource.name)
    ? {
        ...resource,
        kind: 'action' as const,
        ...(LOOKS.includes(resource.name) && { onlyLooks: true as const }),
      }
    : resource,
);

function load(text: string, params: { [name: string]: Value } = {}) {
  return loadRunbook({
    file: 'play.yml',
    text,
    inventory: inventory(),
    resources: RESOURCES_HERE,
    extraVars: params,
    readFile: () => '',
  });
}

const STEP = `steps:
  - step: one
    hosts: db
`;

/** What is wrong, the runbook, and what is said: place, message | what to write. */
const CASES: readonly (readonly [title: string, text: string, mistakes: readonly string[]])[] = [
  [
    'no steps',
    'runbook: x\n',
    ['1:1 a runbook has `steps:`, none found | write `steps:` with `- step: …` below it'],
  ],
  [
    'no name, and a misspelt key',
    `descripton: x\n${STEP}`,
    [
      '1:1 a runbook has no key `descripton` | did you mean `description`?',
      '1:1 a runbook has a name, none found | write `runbook: NAME` at its top',
    ],
  ],
  [
    'a step without name and hosts, one with a key of playbooks, and two of one name',
    `runbook: x
steps:
  - tasks: []
  - { step: a, hosts: db, gard: [] }
  - { step: a, hosts: db }
`,
    [
      '3:5 a step has a name, none found | write `step: what it does`',
      '3:5 a step has `hosts:`, none found | write `hosts: all`, a group, or "{{target}}"',
      '4:27 a step has no key `gard` | did you mean `guard`?',
      '5:5 there are two steps called `a` | give them different names',
    ],
  ],
  [
    'a guard that does not say what to do instead, and a verify without a condition',
    `runbook: x
${STEP}    guard: [{ that: 1 == 1 }]
    verify: { within: soon }
`,
    [
      '5:13 `guard` says what to do when it does not hold: `msg` is missing | write `msg:` for somebody at three in the morning',
      '6:13 `verify` has `that:`, none found | write `verify:` with `that: CONDITION`, `within: "60s"` and `msg:` below it',
    ],
  ],
  [
    'a look that would change something, or wait',
    `runbook: x
${STEP}    look:
      - command: date
      - file: { path: /x }
      - wait_for: { port: 1 }
`,
    [
      '6:9 `look` only reads, and `command` may do more | write `changed_when: false` if it only reads',
      '7:9 `look` only reads, and `file` may do more | move it to the `tasks` of the step; `verify` waits, and stat, path_facts and the like look',
      '8:9 `look` only reads, and `wait_for` may do more | move it to the `tasks` of the step; `verify` waits, and stat, path_facts and the like look',
    ],
  ],
  [
    'conditions with misspelt fields and registers of later steps',
    `runbook: x
steps:
  - step: one
    hosts: db
    look: [{ members: {}, register: m }]
    guard: [{ that: m.leadr == 'db1', msg: no }, { that: later.changed, msg: no }]
  - step: two
    hosts: db
    tasks: [{ command: ls, register: later }]
`,
    [
      '6:23 `m` has no `leadr` | did you mean `leader`?',
      '6:58 `later` is registered only later, by "command ls" | move this task below that one',
    ],
  ],
  [
    'durations, failures and objectives of other kinds',
    `runbook: x
objectives: { rto: quickly, rta: 5m }
${STEP}    timeout: 5x
    on_failure: retry
`,
    [
      '2:20 `rto` must be a duration, found the text "quickly" | write seconds (5) or a duration ("500ms", "5s", "2m")',
      '2:29 `objectives` has no key `rta` | did you mean `rto`?',
      '6:14 `timeout` must be a duration, found the text "5x" | write seconds (5) or a duration ("500ms", "5s", "2m")',
      '7:17 `on_failure` is stop, continue or a list of tasks, found the text "retry"',
    ],
  ],
  [
    'hosts rendered with anything but parameters',
    `runbook: x
steps:
  - step: one
    hosts: "{{role}}"
`,
    ['4:15 parameter `role` is not defined | the hosts of a step are rendered with `params` and -e only'],
  ],
  [
    'an undo of an undo, and invariants without conditions',
    `runbook: x
invariants: [{ msg: no }]
${STEP}    undo: { tasks: [], undo: [] }
`,
    [
      '2:14 `invariants` has `that:`, none found | write `that:` with a condition',
      '6:24 `undo` has no key `undo`',
    ],
  ],
];

for (const [title, text, expected] of CASES)
  test(`a runbook is refused for ${title}`, () => {
    const found = mistakes(() => load(text));
    assert.is(found.length, expected.length, found.join('\n'));
    for (const [index, one] of expected.entries()) assert.ok(found[index]?.startsWith(one), found.join('\n'));
  });

/** A parameter, what is given for it, and what is said. */
const PARAMS: readonly (readonly [param: string, given: Value | undefined, mistake: string])[] = [
  ['{ type: host }', undefined, 'the parameter `p` is missing | write -e p=…'],
  [
    '{ type: host }',
    'db9',
    'the parameter `p` must be a host of the inventory, found the text "db9" | did you mean `db1`?',
  ],
  ['{ type: hots }', 'db1', "a parameter's type is string, integer"],
  ['{ type: integer }', 'many', 'the parameter `p` must be a whole number, found the text "many"'],
  ['{ type: boolean }', 'yes', 'the parameter `p` must be true or false, found the text "yes" | write true'],
  [
    '{ type: path }',
    'x',
    'the parameter `p` must be an absolute path, found the text "x" | write it from / on',
  ],
  ...(
    [
      ['/data/', '/data'],
      ['/data//x', '/data/x'],
      ['/data/./x', '/data/x'],
      ['/data/x/..', '/data'],
    ] as const
  ).map(
    ([given, clean]) =>
      [
        '{ type: path }',
        given,
        `the parameter \`p\` must be a path without ".", "..", "//" or a slash at its end, found the text "${given}" | write ${clean}`,
      ] as const,
  ),
  [
    '{ type: path }',
    '/',
    'the parameter `p` must be a path without ".", "..", "//" or a slash at its end, found the text "/"',
  ],
  ['{ type: timestamp }', 'yesterday', 'the parameter `p` must be a point in time'],
  ['{ type: timestamp }', '2026-13-23 14:05:00Z', 'the parameter `p` must be a point in time'],
  [
    '{ type: timestamp }',
    '2026-11-23 14:05:00.1234567',
    'the parameter `p` must be a point in time, found the text "2026-11-23 14:05:00.1234567" | write "2026-11-23 14:05:00+01:00"; without an offset it is UTC, and a second has at most six decimals',
  ],
  ['{ type: lsn }', '16', 'the parameter `p` must be a position in the write-ahead log'],
  ['{ type: size }', 'big', 'the parameter `p` must be a size'],
  ['{ type: duration, default: soon }', undefined, 'the default of `p` must be a duration'],
  ['{ default: x, required: true }', 'x', 'a parameter with a default is not required'],
  ['{ choices: [a, b] }', 'c', 'the parameter `p` must be a or b, found the text "c"'],
  ['{ pattern: "[a-z]+" }', 'abC', 'the parameter `p` must match [a-z]+, found the text "abC"'],
  ['{ check: vars.p in groups.db }', 'web1', 'the parameter `p` is refused: vars.p in groups.db'],
  [
    '{ check: [{ that: "size(vars.p) > 1", msg: too short }] }',
    'a',
    'the parameter `p` is refused: too short',
  ],
  ['{ check: vars.q == 1 }', 'a', 'variable `q` is not defined'],
];

for (const [param, given, expected] of PARAMS)
  test(`of a parameter ${param}, ${given === undefined ? 'nothing' : `"${given}"`} is refused`, () => {
    const text = `runbook: x\nparams: { p: ${param} }\n${STEP}`;
    const found = mistakes(() => load(text, given === undefined ? {} : { p: given }));
    assert.is(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', expected);
  });

for (const param of ['{ pattern: "[a-z]+" }', '{ type: integer }', '{ type: path }', '{ choices: [a, b] }'])
  test(`what is wrong with a secret parameter ${param} is said without its value`, () => {
    const text = `runbook: x\nparams: { password: ${param} }\n${STEP}`;
    const [first] = mistakes(() => load(text, { password: '/Canary/' }));
    assert.match(first ?? '', 'the parameter `password` must');
    assert.not.match(first ?? '', 'Canary');
  });

test('what is given is taken as its type: texts that look like numbers stay texts', () => {
  const typed = (param: string, p: Value) =>
    load(`runbook: x\nparams: { p: ${param} }\n${STEP}`, { p }).params[0]?.value;
  assert.is(typed('{ type: string }', 7), '7');
  assert.is(typed('{ type: integer }', '7'), 7);
  assert.is(typed('{ type: number }', '1.5'), 1.5);
  assert.is(typed('{ type: timestamp }', '2026-11-23 14:05:00+01'), '2026-11-23 14:05:00+01');
  assert.is(typed('{ type: timestamp }', '2026-11-23 14:05:00.123456Z'), '2026-11-23 14:05:00.123456Z');
  assert.is(typed('{ type: timestamp }', '2026-11-23 14:05'), '2026-11-23 14:05+00:00');
  assert.is(typed('{ type: path }', '/data/.x/..y'), '/data/.x/..y');
  assert.is(typed('{ type: lsn }', '16/B374D848'), '16/B374D848');
});

test('a parameter that is not required is null, and conditions ask for that', () => {
  const text = `runbook: x
params: { p: { required: false } }
${STEP}    guard: [{ that: vars.p == null || vars.p == 'x', msg: no }]
`;
  const [step] = load(text).steps;
  const [guard] = step?.guard?.conditions.tasks ?? [];
  assert.equal(guard && args(guard).that, [{ expression: "vars.p == null || vars.p == 'x'", holds: true }]);
});

test.run();
