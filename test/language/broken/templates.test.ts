import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mistakes, playbook } from '../load.ts';

/** What is wrong, the template, and what is said: place, message | what to write. */
const CASES: readonly (readonly [title: string, text: string, mistakes: readonly string[]])[] = [
  [
    'an undefined name',
    `a
b {{prot}}
`,
    ['2:5 variable `prot` is not defined | did you mean `port`?'],
  ],
  [
    'an undefined name in if',
    '{{#if typo}}x{{/if}}',
    [
      '1:7 variable `typo` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'an undefined name in each',
    '{{#each typo}}x{{/each}}',
    [
      '1:9 variable `typo` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'an undefined name in an argument',
    '{{#if (eq typo 1)}}x{{/if}}',
    [
      '1:11 variable `typo` is not defined | define it in the inventory, in `defaults:` or `vars:`, or with -e',
    ],
  ],
  [
    'a missing field',
    `x
  {{settings.levle}}
`,
    ['2:5 `settings` has no `levle` | did you mean `level`?'],
  ],
  ['a field of a text', '{{release.name}}', ['1:3 `release` has no `name`: it is the text "bookworm"']],
  [
    'a list in a text',
    '{{names}}',
    ['1:1 `names` is a list, which cannot stand in a text | write {{join names ","}} or {{json names}}'],
  ],
  [
    'a mapping in a text',
    '{{settings}}',
    [
      '1:1 `settings` is a mapping, which cannot stand in a text | write {{json settings}}, or one of its fields: {{settings.name}}',
    ],
  ],
  [
    'an outer name inside each',
    '{{#each names}}{{port}}{{/each}}',
    [
      '1:18 the item has no `port`: it is the text "a" | inside a block names are those of the item; write @root.port',
    ],
  ],
  [
    'a filter',
    '{{ release | upper }}',
    ['1:1 `{{ release | upper }}` is Jinja; templates are Handlebars | write {{upper release}}'],
  ],
  [
    'a default filter',
    `x
{{ data | default("/var") }}`,
    [
      '2:1 `{{ data | default("/var") }}` is Jinja; templates are Handlebars | write {{optional "data" "/var"}}',
    ],
  ],
  [
    'a Jinja loop',
    `{% for n in names %}
{{ n }}
{% endfor %}`,
    [
      '1:1 `{% for n in names %}` is Jinja; templates are Handlebars | write {{#each xs}} … {{this}} … {{/each}}',
    ],
  ],
  [
    'brackets',
    "{{ hostvars['db1'].port }}",
    ["1:1 `{{ hostvars['db1'].port }}` is Jinja; templates are Handlebars | write {{ hostvars.db1.port }}"],
  ],
  [
    'a sum',
    '{{ port + 1 }}',
    [
      '1:1 `{{ port + 1 }}` is Jinja; templates are Handlebars | templates do not calculate: compare with {{#if (eq a b)}}, or put the expression into `when`',
    ],
  ],
  ['an unknown function', '{{uper release}}', ['1:3 there is no function `uper` | did you mean `upper`?']],
  [
    'default as a function',
    '{{default release "x"}}',
    [
      '1:3 there is no function `default`: its argument would have to be read first, and reading what is undefined is an error | write {{optional "a.b" "default"}}, with the path in quotes',
    ],
  ],
  [
    'optional without quotes',
    '{{optional release "x"}}',
    [
      '1:12 optional wants the path in quotes: read before it, it would be an error | write {{optional "release" …}}',
    ],
  ],
  ['too few arguments', '{{join names}}', ['1:3 join wants 2 arguments, found 1']],
  [
    'an unknown block',
    '{{#for names}}x{{/for}}',
    ['1:4 there is no block {{#for}} | blocks: each, if, unless, with'],
  ],
  [
    'a block that is never closed',
    `a
{{#if enabled}}x`,
    ['2:1 {{#if}} is never closed | write {{/if}} where it ends'],
  ],
  [
    'a block closed by another',
    '{{#if enabled}}x{{/each}}',
    ['1:4 {{#if}} is closed by {{/each}} | write {{/if}}'],
  ],
  [
    'an expression that is never closed',
    'a {{port }',
    ['1:3 `{{port }` is not closed | write }} at its end, or \\{{ if the braces are meant literally'],
  ],
  [
    'a Go template',
    '{{.State}}',
    [
      '1:1 a name cannot begin with a dot | write \\{{.Name}} if the braces are meant for another program (Go templates of docker, systemd…)',
    ],
  ],
  [
    'a partial',
    '{{> other}}',
    [
      '1:1 partials, decorators and raw blocks are not supported | write the text out, or put it into a variable',
    ],
  ],
  [
    'a text that spells a boolean',
    '{{#if (lookup settings "level")}}x{{/if}}{{#if no}}y{{/if}}',
    ['1:48 true or false was expected, found the text "no", and any text counts as true'],
  ],
  ['join of a text', '{{join release ","}}', ['1:1 join wants a list, found the text "bookworm"']],
  [
    'each over a number',
    '{{#each port}}x{{/each}}',
    ['1:9 {{#each}} wants a list or a mapping, found the number 5432'],
  ],
  [
    'an unknown data variable',
    '{{@indx}}',
    [
      '1:3 `@indx` is not defined here | inside {{#each}} there are @index, @key, @first, @last; everywhere @root',
    ],
  ],
  [
    'a host that does not exist',
    '{{hostvars.db9.port}}',
    ['1:3 `hostvars` has no `db9` | did you mean `db1`?'],
  ],
  [
    'lookup of several steps at once',
    '{{lookup settings "a" "b"}}',
    [
      '1:3 lookup wants 2 arguments, found 3 | go one step at a time: (lookup (lookup users 0) "name"), or users.[0].name',
    ],
  ],
  [
    'named arguments',
    '{{json settings indent=2}}',
    ['1:17 named arguments (a=b) are not supported | write the arguments in order'],
  ],
];

const PLAY = `- hosts: db
  vars: { "no": "no" }
  tasks:
    - template: { src: x.hbs, dest: /x }
`;

for (const [title, template, expected] of CASES)
  test(`a template with ${title} is refused`, () =>
    assert.equal(
      mistakes(() => playbook(PLAY, { files: { 'x.hbs': template } }), 'x.hbs'),
      expected,
    ));

test.run();
