import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { Unknown, type Value } from '../../src/core/value.ts';
import { args, FACTS, items, mistakes, scope, task } from './load.ts';

const SETUP = `- { command: ls, register: r }
- { secret: { path: /s }, register: s }
- { members: , register: m }
`;

const RESULTS: { [name: string]: Value } = {
  r: { status: 0, stdout: 'ok', stdout_lines: ['ok'], changed: true, failed: false, skipped: false },
  s: { path: '/s', value: Secret.open('pw'), fingerprint: 'f' },
  m: {
    leader: 'db1',
    members: [
      { name: 'db1', role: 'leader', lag: 0 },
      { name: 'db2', role: 'replica', lag: 1.5 },
    ],
  },
};

function when(condition: string, registers = RESULTS, facts: Value = FACTS): boolean | Unknown {
  const made = task(`${SETUP}- command: ls\n  when: ${JSON.stringify(condition)}`, {
    head: 'vars: { none: [], ratio: 1.5 }\n',
  });
  return items(made, scope(registers, 'db1', facts))[0]?.when as boolean | Unknown;
}

const CASES: readonly (readonly [condition: string, holds: boolean])[] = [
  ['vars.port == 5432', true],
  ['vars.port + 1 == 5433', true],
  ['vars.port * 1.5 > 8000', true],
  ['vars.ratio == 1.5 && vars.ratio > 1', true],
  ['vars.ratio + 1 == 2.5', true],
  ["vars.release in ['bookworm', 'trixie']", true],
  ['inventory_hostname == groups.db[0]', true],
  ["'web1' in groups.db", false],
  ["'db' in group_names", true],
  ['size(vars.names) == 2', true],
  ['size(vars.settings) == 2 && "level" in vars.settings', true],
  ['vars.none.all(x, x == 1)', true],
  ['hostvars.db2.index == 2', true],
  ['hostvars[groups.db[1]].index == 2', true],
  ["facts.codename == 'bookworm' && facts.cpus >= 4 && facts.systemd", true],
  ['r.status == 0 && r.changed', true],
  ["m.members.exists(x, x.role == 'replica' && x.lag > 1)", true],
  ['m.members.all(x, x.lag == 0)', false],
  ['has(r.stdout) && has(vars.port) && !has(vars.never)', true],
  ["lsn('16/B374D848') > lsn('9/FFFFFFFF')", true],
  ["'16/0' > '9/0'", false],
  ["bytes('1GB') == 1024 * bytes('1MB') && bytes('8kB') == 8192", true],
  ["duration('90s') > duration('1m')", true],
  ["timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')", true],
  ['s.value.present', true],
  ["s.value.fingerprint == s.value.fingerprint && s.value.fingerprint != ''", true],
];

for (const [condition, holds] of CASES)
  test(`${condition} is ${holds}`, () => assert.is(when(condition), holds));

/** Registers and facts not known yet. */
const UNKNOWN: readonly (readonly [condition: string, result: boolean | string])[] = [
  ['r.status == 0', 'R'],
  ['!r.changed', 'R'],
  ['false && r.changed', false],
  ['r.changed && false', false],
  ['true || r.changed', true],
  ['r.changed || true', true],
  ['r.changed && true', 'R'],
  ['r.changed || m.leader == "x"', 'M'],
  ['size(m.members) == 0 || m.members.all(x, x.lag == 0)', 'M'],
  ['s.value.present', 'S'],
  ["facts.codename == 'x'", 'db1'],
  ['[1, 2].exists(x, x == 2 || r.changed)', true],
];

for (const [condition, result] of UNKNOWN)
  test(`before anything has run, ${condition} is ${typeof result === 'string' ? 'not known' : result}`, () => {
    const registers = { r: new Unknown('R'), s: new Unknown('S'), m: new Unknown('M') };
    const holds = when(condition, registers, new Unknown('db1'));
    assert.is(holds instanceof Unknown ? holds.after : holds, result);
  });

test('one unknown field leaves the others known', () => {
  const registers = { ...RESULTS, r: { status: new Unknown('R'), stdout: 'ok' } };
  assert.is(when("r.stdout == 'ok'", registers), true);
  assert.instance(when('r.status == 0', registers), Unknown);
});

test('an item of a list that is not known leaves what depends on it unknown', () => {
  const registers = { ...RESULTS, r: { stdout_lines: ['a', new Unknown('R')] } };
  assert.is(when("r.stdout_lines[0] == 'a'", registers), true);
  assert.instance(when("r.stdout_lines[1] == 'a'", registers), Unknown);
});

test('several conditions must all hold', () => {
  const made = task('- command: ls\n  when: [vars.port == 5432, vars.index == 2]');
  assert.is(items(made)[0]?.when, false);
  assert.is(items(made, scope({}, 'db2'))[0]?.when, true);
  assert.is(items(made)[0]?.whenText, 'vars.port == 5432 && vars.index == 2');
});

test('an undefined field is a mistake even where CEL would absorb it', () => {
  const absent = { ...RESULTS, r: { status: 0 } };
  const made = task(`${SETUP}- command: ls\n  when: r.stdout == 'x' || vars.enabled`);
  assert.equal(
    mistakes(() => made.render(scope(absent))),
    ['7:15 `r.stdout` has no value here | ask first: has(r.stdout) && …, or give it a value'],
  );
});

test('success is not judged from an empty list', () => {
  const empty = scope({ ...RESULTS, m: { leader: '', members: [] } });
  const asserted = (that: string) => task(`${SETUP}- assert: { that: ${JSON.stringify(that)} }`);
  for (const that of [
    'm.members.all(x, x.lag == 0)',
    '!m.members.exists(x, x.lag > 0)',
    'm.members.all(x, x.lag == 0) || true',
  ])
    assert.match(
      mistakes(() => asserted(that).render(empty))[0] ?? '',
      /`m.members` is empty, so that .* says nothing \| write size\(m.members\) > 0 && …/,
    );
  assert.equal(items(asserted('size(m.members) == 0 || m.members.all(x, x.lag == 0)'), empty)[0]?.args.that, [
    { expression: 'size(m.members) == 0 || m.members.all(x, x.lag == 0)', holds: true },
  ]);
});

test('assert hands on what each condition came to', () => {
  const made = task(`${SETUP}- assert: { that: [vars.port == 1, r.status == 0, vars.enabled], msg: no }`);
  assert.equal(items(made, scope({ ...RESULTS, r: new Unknown('R') }))[0]?.args, {
    that: [
      { expression: 'vars.port == 1', holds: false, seen: 'vars.port is 5432' },
      { expression: 'r.status == 0', holds: new Unknown('R') },
      { expression: 'vars.enabled', holds: true },
    ],
    msg: 'no',
  });
});

test('what does not hold says what it read, outermost paths only, nothing of what a quantifier binds', () => {
  const seen = (that: string, registers: { [name: string]: Value } = RESULTS): Value => {
    const made = task(`${SETUP}- assert: { that: ${JSON.stringify(that)} }`);
    const [first] = (args(made, scope(registers)).that ?? []) as { seen?: string }[];
    return first?.seen ?? '';
  };
  assert.is(
    seen("vars.settings.level == 'low' && r.status == 0"),
    'vars.settings.level is "high", r.status is 0',
  );
  assert.is(seen('size(m.members) > 5'), 'm.members is a list of 2');
  assert.is(seen('m.members.exists(x, x.lag > 99)'), 'm.members is a list of 2');
  assert.is(seen('1 > 2'), '');
});

test('until, changed_when and failed_when judge a result', () => {
  const made = task(
    '- command: ls\n  register: r\n  until: r.status == 0\n  retries: 5\n  delay: 2s\n  changed_when: false\n  failed_when: [result.status != 0, "result.stdout != \'fine\'"]',
  );
  const judge = (result: Value) =>
    (['until', 'changed', 'failed'] as const).map((question) => made.judge(question, scope(), result));
  assert.equal(judge({ status: 0, stdout: '' }), [true, false, false]);
  assert.equal(judge({ status: 2, stdout: 'x' }), [false, false, true]);
  assert.equal(judge({ status: 2, stdout: 'fine' }), [false, false, false]);
  assert.equal(judge(new Unknown('r')), [undefined, false, undefined]);
  assert.equal(made.retry, { retries: 5, delayMs: 2000 });
  assert.is(task('- command: ls').judge('failed', scope(), null), undefined);
});

test('the whole register of a loop has results, its condition sees one of them', () => {
  const made = task(
    '- command: ls\n  loop: [a, b]\n  register: r\n  until: r.status == 0\n- command: ls\n  when: r.results.all(x, x.status == 0)',
  );
  assert.is(items(made, scope({ r: { results: [{ status: 0 }, { status: 1 }] } }))[0]?.when, false);
});

test('a loop variable has the type of its items', () => {
  assert.equal(
    mistakes(() => task('- command: ls\n  loop: [{ name: a, id: 1 }]\n  when: item.nam == "a"')),
    ['5:18 `item` has no `nam` | did you mean `name`?'],
  );
});

test.run();
