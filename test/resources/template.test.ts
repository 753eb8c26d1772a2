import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { factKey } from '../../src/core/fact.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { contentFact } from '../../src/facts/content.ts';
import { template } from '../../src/resources/template.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { at, file, OLD, SUM } from './file-facts.ts';
import { expectRefusedPaths, type Scratch, useFolder } from './scratch.ts';
import { plan, SH } from './tiny-engine.ts';
import { ABSENT, unreadable, value } from './views.ts';

const test = suite<Scratch>('template');
useFolder(test);

/** As the language rendered it. */
const ARGS = { dest: '/etc/f', src: 'f.hbs', content: 'new\n' };
const HUSH = Secret.open('new\n', `${MASK}\n`);

/** With the old text, as the engine looks at it once a change is sure. */
function withText(text: string): Map<string, Looked<unknown>> {
  return new Map([...at('/etc/f', OLD), [factKey(contentFact('/etc/f')), value({ text })]]);
}

const CASES: readonly Case[] = [
  {
    title: 'a file that is missing is made with what was rendered',
    args: { ...ARGS, owner: 'root', group: 'b', mode: '0640' },
    facts: at('/etc/f', ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: 'new\n', text: true },
        { field: 'owner', after: 'root' },
        { field: 'group', after: 'b' },
        { field: 'mode', after: '0640' },
      ],
    },
    commands: [
      {
        display: 'write /etc/f',
        stdin: { kind: 'text', text: 'new\n' },
        script: /\nchown -- root:b "\$t"\nchmod -- 00640 "\$t"\n/,
      },
    ],
    touches: [{ on: 'path', path: '/etc/f', only: true }],
    registered: { path: '/etc/f' },
  },
  {
    title: 'a secret is for its owner only unless said otherwise, and goes by stdin',
    args: { ...ARGS, content: HUSH },
    facts: at('/etc/f', ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: HUSH, text: true },
        { field: 'mode', after: '0600' },
      ],
    },
    commands: [{ stdin: { kind: 'text', text: HUSH }, script: /\nchmod -- 00600 "\$t"\n/ }],
  },
  {
    title: 'the same content is no change',
    args: { ...ARGS, content: 'old\n', mode: '0644' },
    facts: at('/etc/f', OLD),
    change: NOTHING,
  },
  {
    title: 'the same secret is no change',
    args: { ...ARGS, content: Secret.open('old\n') },
    facts: at('/etc/f', OLD),
    change: NOTHING,
  },
  {
    title: 'other content is shown by its checksum until the old text is looked at',
    args: ARGS,
    facts: at('/etc/f', OLD),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'content', before: `sha256:${SUM.old}`, after: `sha256:${SUM.new}` }],
    },
    commands: [{ display: 'write /etc/f', stdin: { kind: 'text', text: 'new\n' } }],
  },
  {
    title: 'other content is shown line by line beside the old text',
    args: ARGS,
    facts: withText('old\n'),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'content', before: 'old\n', after: 'new\n', text: true }],
    },
    commands: [{ display: 'write /etc/f' }],
  },
  {
    title: 'content that must be valid is tried before it replaces the old',
    args: { ...ARGS, validate: "visudo -cf '%s'" },
    facts: at('/etc/f', OLD),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'content', before: `sha256:${SUM.old}`, after: `sha256:${SUM.new}` }],
    },
    commands: [
      { script: /\nvisudo -cf ''"\$t"'' <\/dev\/null \|\| \{[^\n]*exit 1; \}\nsync -- "\$t"\nmv -fT / },
    ],
  },
  {
    title: 'permissions alone are set without writing',
    args: { ...ARGS, content: 'old\n', mode: '0600' },
    facts: at('/etc/f', OLD),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'mode', before: '0644', after: '0600' }],
    },
    commands: [{ display: 'set mode of /etc/f', script: 'set -eu\nchmod -- 00600 /etc/f' }],
  },
  {
    title: 'an odd name is one word',
    args: { ...ARGS, dest: '/etc/-rf $HOME `id`' },
    facts: at('/etc/-rf $HOME `id`', ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: 'new\n', text: true },
        { field: 'mode', after: '0644' },
      ],
    },
    commands: [{ script: /\nmv -fT -- "\$t" '\/etc\/-rf \$HOME `id`'\n/ }],
  },
  {
    title: 'a file that cannot be looked at is not taken for missing',
    args: ARGS,
    facts: at('/etc/f', unreadable('Permission denied')),
    change: refusal(/^could not look at \/etc\/f: Permission denied$/),
  },
  {
    title: 'a file whose content cannot be read is not taken for another',
    args: ARGS,
    facts: at('/etc/f', file({})),
    change: refusal(/^could not read the content of \/etc\/f$/),
  },
  {
    title: 'a directory that cannot be looked at is not taken for there',
    args: ARGS,
    facts: at('/etc/f', ABSENT, unreadable('Permission denied')),
    change: refusal(/^could not look at \/etc: Permission denied$/),
  },
];

expectCases(test, template, CASES);

expectRefusedArgs(test, template, [
  { src: 'f.hbs' },
  { dest: 'etc/f' },
  { dest: '/etc/../f' },
  { dest: '/etc/f', mode: '0688' },
  { dest: '/etc/f', validate: 'visudo -c' },
  { dest: '/etc/f', source: { path: '/x', sha256: 'a', size: 1 } },
]);

expectRefusedPaths(test, template, [
  {
    title: 'a secret whose value is not at hand',
    reason: /holds a secret whose value is not known here/,
    prepare: (dir) => ({ dest: join(dir, 'f'), content: Secret.sealed('ref') }),
  },
]);

test('a change of a secret text shows only lines that are in both and not secret', ({ dir }) => {
  writeFileSync(join(dir, 'f'), 'user=a\npassword=old\nhost=h\ngone=1\n');
  const content = Secret.open('user=a\npassword=new\nhost=h\n', `user=a\npassword=${MASK}\nhost=h\n`);
  const { change } = plan(SH, template, { dest: join(dir, 'f'), content });
  const [field] = change.fields;
  assert.ok(field?.before instanceof Secret && field.after instanceof Secret);
  assert.is((field.before as Secret).masked, `user=a\n${MASK}\nhost=h\n${MASK}\n`);
});

test('neither a checksum nor a byte of an old secret that cannot be shown is in the change', ({ dir }) => {
  writeFileSync(join(dir, 'f'), Buffer.from([0xff, 0xfe, 0]));
  const { change } = plan(SH, template, { dest: join(dir, 'f'), content: Secret.open('new') });
  assert.is(change.fields[0]?.before, '(not shown)');
});

test.run();
