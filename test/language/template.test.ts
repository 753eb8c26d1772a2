import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MASK, Secret } from '../../src/core/secret.ts';
import { Unknown, type Value } from '../../src/core/value.ts';
import { args, exposed, mistakes, rendered, scope, task } from './load.ts';

/** A text and what becomes of it on db1. */
const CASES: readonly (readonly [title: string, text: string, result: Value])[] = [
  ['text without braces', 'as it is', 'as it is'],
  ['a name in a text', 'port={{port}}', 'port=5432'],
  ['characters that HTML would escape', `{{quote "a && b 'c'"}}<&>`, `'a && b '\\''c'\\'''<&>`],
  ['a path', '{{settings.level}}/{{names.[1]}}', 'high/b'],
  ['exactly one path, keeping a number', '{{port}}', 5432],
  ['exactly one path, keeping a boolean', '{{ enabled }}', true],
  ['exactly one path, keeping a list', '{{names}}', ['a', 'b']],
  ['exactly one path, keeping a mapping', '{{settings}}', { level: 'high', size: 3 }],
  ['a path between spaces, which is a text', ' {{port}}', ' 5432'],
  ['if and else', '{{#if enabled}}yes{{else}}no{{/if}}', 'yes'],
  ['else if', '{{#if (eq port 1)}}a{{else if (eq port 5432)}}b{{else}}c{{/if}}', 'b'],
  ['unless', '{{#unless enabled}}x{{else}}y{{/unless}}', 'y'],
  ['each over a list', '{{#each names}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{/each}}', '0a,1b'],
  ['each over a mapping', '{{#each settings}}{{@key}}={{this}};{{/each}}', 'level=high;size=3;'],
  ['each with a name for the item', '{{#each names as |n i|}}{{i}}{{n}}{{/each}}', '0a1b'],
  ['each over nothing', '{{#each none}}x{{else}}nobody{{/each}}', 'nobody'],
  ['a name from outside a block', '{{#each names}}{{../port}}{{@root.port}}{{/each}}', '5432543254325432'],
  ['with', '{{#with settings}}{{level}}{{size}}{{/with}}', 'high3'],
  ['another host', '{{hostvars.db2.ansible_host}}', '10.0.0.2'],
  ['other hosts', '{{#each groups.db}}{{lookup (lookup ../hostvars this) "index"}}{{/each}}', '12'],
  ['groups', '{{join groups.db ","}} {{join group_names "+"}} {{inventory_hostname}}', 'db1,db2 db db1'],
  ['comparisons', '{{#if (and (lt index 2) (gt port 1) (not (ne role "database")))}}x{{/if}}', 'x'],
  ['or stops at the first that holds', '{{#if (or enabled missing)}}x{{/if}}', 'x'],
  ['and stops at the first that fails', '{{#if (and (eq port 1) missing)}}x{{/if}}', ''],
  ['json', '{{json settings}} {{json names}}', '{"level":"high","size":3} ["a","b"]'],
  ['functions of text', '{{upper role}} {{lower "ABC"}} {{base64 role}}', 'DATABASE abc ZGF0YWJhc2U='],
  ['indentation', 'a:\n  {{indent text 2}}', 'a:\n  x\n  y'],
  ['a default for what is missing', '{{optional "settings.depth" 7}}{{optional "none.at.all" "x"}}', '7x'],
  ['no default for what is there', '{{optional "settings.level" "x"}}', 'high'],
  ['an escaped brace', '\\{{port}} \\{{.State}}', '{{port}} {{.State}}'],
  ['a comment', 'a{{!-- not shown --}}b', 'ab'],
  ['a control of white space', 'a {{~port~}} b', 'a5432b'],
  ['a variable made of others', '{{url}}', 'http://10.0.0.1:5432'],
];

const HEAD = 'vars: { none: [], text: "x\\ny", url: "http://{{ansible_host}}:{{port}}" }\n';

for (const [title, text, result] of CASES)
  test(`a template renders ${title}`, () => {
    // `source` takes anything.
    const name = 'source';
    const made = task(`- file: { path: /x, ${name}: ${JSON.stringify(text)} }`, { head: HEAD });
    assert.equal(args(made)[name], result);
  });

test('a template with a value not known yet is not known as a whole', () => {
  const made = task('- { command: ls, register: r }\n- file: { path: /x, content: "a {{r.stdout}} b" }');
  const { content } = args(made, scope({ r: new Unknown('command ls') }));
  assert.instance(content, Unknown);
  assert.is((content as Unknown).after, 'command ls');
  assert.is(args(made, scope({ r: { stdout: 'x' } })).content, 'a x b');
});

test('an unknown in a branch not taken does not matter', () => {
  const made = task(
    '- { command: ls, register: r }\n- file: { path: /x, content: "{{#if enabled}}a{{else}}{{r.stdout}}{{/if}}" }',
  );
  assert.is(args(made, scope({ r: new Unknown('x') })).content, 'a');
});

const SECRETS: readonly (readonly [title: string, text: string, open: string, masked: string])[] = [
  [
    'a text around it',
    'password: {{s.value}}\nuser: x\n',
    'password: p"w\nuser: x\n',
    `password: ${MASK}\nuser: x\n`,
  ],
  ['the secret alone', '{{s.value}}', 'p"w', MASK],
  ['base64', 'x {{base64 s.value}}', 'x cCJ3', `x ${MASK}`],
  ['quote', 'x {{quote s.value}}', `x 'p"w'`, `x ${MASK}`],
  ['json', '{{json s}}', '{"path":"/s","value":"p\\"w"}', `{"path":"/s","value":"${MASK}"}`],
  ['join', '{{join list ":"}}', 'p"w:b', `${MASK}:b`],
  ['upper', '{{upper line}}', 'A P"W', `A ${MASK}`],
  ['a variable that holds it', '{{line}}.', 'a p"w.', `a ${MASK}.`],
];

for (const [title, text, open, masked] of SECRETS)
  test(`a secret stays a secret in ${title}`, () => {
    const source = `- { secret: { path: /s }, register: s }\n- file: { path: /x, content: ${JSON.stringify(text)} }`;
    const made = task(source, { head: 'vars: { list: ["{{s.value}}", b], line: "a {{s.value}}" }\n' });
    const { content } = args(made, scope({ s: { path: '/s', value: Secret.open('p"w') } }));
    assert.is(exposed(content), open);
    assert.is((content as Secret).masked, masked);
  });

test('a secret is true in a template, and cannot be compared', () => {
  const with_ = (text: string) =>
    `- { secret: { path: /s }, register: s }\n- file: { path: /x, content: '${text}' }`;
  const at = scope({ s: { value: Secret.open('x') } });
  assert.is(args(task(with_('{{#if s.value}}set{{/if}}')), at).content, 'set');
  assert.equal(
    mistakes(() => task(with_('{{#if (eq s.value "x")}}y{{/if}}'))),
    ['4:41 a secret cannot be compared'],
  );
});

test('a secret known only by reference leaves the text unknown', () => {
  const made = task(
    '- { secret: { path: /s }, register: s }\n- file: { path: /x, content: "a {{s.value}}" }',
  );
  assert.instance(args(made, scope({ s: { value: Secret.sealed('ref') } })).content, Unknown);
});

test('Jinja is recognised and not what only looks like it', () => {
  for (const text of ['${#array[@]}', 'curl -w "%{http_code}"', "awk '{ print $1 }'", '{"a": {"b": 1}}'])
    assert.is(rendered(text), text);
});

test.run();
