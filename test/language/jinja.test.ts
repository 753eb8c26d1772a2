import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findJinja } from '../../src/language/jinja.ts';

/** What people bring along from Ansible, and what they are told to write. */
const REWRITES: readonly (readonly [text: string, hint: string])[] = [
  ["{{ x | default('y') }}", 'write {{optional "x" "y"}}'],
  ['{{ a.b | default(5) }}', 'write {{optional "a.b" 5}}'],
  ['{{ xs | join(",") }}', 'write {{join xs ","}}'],
  ['{{ x | to_json }}', 'write {{json x}}'],
  ['{{ x|b64encode }}', 'write {{base64 x}}'],
  ['{{ x | quote }}', 'write {{quote x}}'],
  ['{{ x | indent(2) }}', 'write {{indent x 2}}'],
  ["{{ hostvars['db-1']['ansible_host'] }}", 'write {{ hostvars.db-1.ansible_host }}'],
  ['{{ groups[0] }}', 'write {{ groups.[0] }}'],
  ["{{ 'a' if x else 'b' }}", 'write {{#if x}}a{{else}}b{{/if}}'],
  ["{{ lookup('env', 'HOME') }}", 'lookups are not supported: pass the value with -e name=value'],
  ['{% if x %}a{% endif %}', 'write {{#if x}} … {{else}} … {{/if}}'],
  ['{%- for x in xs %}', 'write {{#each xs}} … {{this}} … {{/each}}'],
  ['{% set x = 1 %}', 'write a variable under `vars:`'],
];

for (const [text, hint] of REWRITES)
  test(`${text} is Jinja: ${hint}`, () => assert.is(findJinja(text)?.hint, hint));

const INNOCENT = [
  '{{x}}',
  '{{ a.b.[0] }}',
  '{{#if (or a b)}}x{{else if (not c)}}y{{/if}}',
  '{{#each xs as |x|}}{{x}}{{/each}}',
  '{{lookup (lookup hostvars this) "a"}}',
  '{{join xs "|"}}',
  '{{optional "a" "b"}}',
  '${#array[@]}',
  'date +{%Y}',
  '\\{{ x | y }}',
  '{{!-- a | b --}}',
];

for (const text of INNOCENT) test(`${text} is no Jinja`, () => assert.is(findJinja(text), undefined));

test.run();
