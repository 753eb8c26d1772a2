import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mistakes, playbook } from '../load.ts';

/** What is wrong, the condition, and what is said: place, message | what to write. */
const CASES: readonly (readonly [title: string, text: string, mistakes: readonly string[]])[] = [
  [
    'a misspelt variable',
    'vars.prot == 5432',
    ['7:18 variable `prot` is not defined | did you mean `port`?'],
  ],
  [
    'a bare variable',
    'port == 5432',
    ['7:13 `port` is a variable: conditions read it as vars.port | write vars.port'],
  ],
  ['an unknown name', "hostname == 'x'", ['7:13 there is no `hostname` | write facts.hostname']],
  [
    'a fact of Ansible',
    "ansible_os_family == 'Debian'",
    ['7:13 there is no `ansible_os_family` | facts of the host are facts.NAME, such as facts.codename'],
  ],
  [
    'a misspelt fact',
    "facts.codname == 'bookworm'",
    ['7:19 `facts` has no `codname` | did you mean `codename`?'],
  ],
  ['a misspelt field of a register', 'r.statu == 0', ['7:15 `r` has no `statu` | did you mean `status`?']],
  [
    'a misspelt field that CEL would absorb',
    'r.statu == 0 || true',
    ['7:15 `r` has no `statu` | did you mean `status`?'],
  ],
  ['a misspelt field in has()', 'has(r.statu)', ['7:19 `r` has no `statu` | did you mean `status`?']],
  ['a misspelt group', 'size(groups.bd) == 2', ['7:25 `groups` has no `bd` | did you mean `db`?']],
  [
    'a field of a list item',
    "m.members.all(x, x.rol == 'replica')",
    ['7:32 `x` has no `rol` | did you mean `role`?'],
  ],
  [
    'different types',
    "vars.port == '5432'",
    ['7:13 number == text does not work: the two sides have different types'],
  ],
  [
    'something that is no condition',
    'vars.port',
    ["7:13 `when` must be true or false, but this is a number | compare it with something: … == 'x', … > 0"],
  ],
  [
    'a text as a condition',
    'vars.release',
    ["7:13 `when` must be true or false, but this is a text | compare it with something: … == 'x', … > 0"],
  ],
  [
    'a negated number',
    '!vars.port',
    ['7:13 `!vars.port` is a tag to YAML, not a text | quote it: "!vars.port"'],
  ],
  [
    'a number among conditions',
    'vars.enabled && vars.port',
    ['7:13 && and || want true or false on both sides, found number'],
  ],
  [
    'braces',
    '"{{ port }} == 5432"',
    [
      '7:14 conditions are expressions, not templates: {{ }} does not belong here | write vars.port, without braces',
    ],
  ],
  [
    'and',
    'vars.enabled and vars.port > 1',
    ['7:26 `and` is not part of the condition language (CEL) | write &&'],
  ],
  [
    'or',
    'vars.enabled or vars.port > 1',
    ['7:26 `or` is not part of the condition language (CEL) | write ||'],
  ],
  ['not', 'not vars.enabled', ['7:13 `not` is not part of the condition language (CEL) | write !']],
  [
    'not in',
    'inventory_hostname not in groups.db',
    ['7:32 `not in` is not part of the condition language (CEL) | write !(x in y)'],
  ],
  [
    'is defined',
    'vars.port is defined',
    ['7:23 `is defined` is not part of the condition language (CEL) | write has(vars.x)'],
  ],
  [
    'is failed',
    'r is failed',
    ['7:15 `is …` is not part of the condition language (CEL) | write r.changed, r.failed or !r.failed'],
  ],
  [
    'a filter',
    'vars.names | length > 0',
    [
      '7:24 `|` is not part of the condition language (CEL) | there are no filters: see docs/language.md for functions',
    ],
  ],
  [
    'a single equals sign',
    'vars.port = 5432',
    ['7:23 `=` is not part of the condition language (CEL) | write =='],
  ],
  [
    'Python booleans',
    'vars.enabled == True',
    ['7:29 `True` is not part of the condition language (CEL) | write true'],
  ],
  ['an end too early', 'vars.port ==', ['7:24 the condition ends too early']],
  ['an unclosed parenthesis', '(vars.port == 1', ['7:27 a `)` is missing']],
  [
    'an unknown function',
    'len(vars.names) > 1',
    ['7:13 there is no function `len` for a list | write size(x)'],
  ],
  ['a wrong argument', 'lsn(vars.port) > 1', ['7:13 lsn() does not take a number']],
  [
    'the text of a secret',
    "s.value == 'x'",
    ['7:13 a condition cannot see the text of a secret | ask for .present or .fingerprint'],
  ],
  [
    'the size of a secret',
    'size(s.value) > 0',
    ['7:13 a condition cannot see the text of a secret | ask for .present or .fingerprint'],
  ],
];

/** The condition stands in line 7 from column 13 on. */
function withCondition(when: string): string {
  return `- hosts: db
  tasks:
    - { command: ls, register: r }
    - { secret: { path: /s }, register: s }
    - { members: , register: m }
    - command: ls
      when: ${when}
`;
}

for (const [title, condition, expected] of CASES)
  test(`a condition with ${title} is refused`, () =>
    assert.equal(
      mistakes(() => playbook(withCondition(condition))),
      expected,
    ));

test.run();
