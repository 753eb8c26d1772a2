import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/core/diagnostic.ts';
import { Secret } from '../../src/core/secret.ts';
import { Unknown, type Value } from '../../src/core/value.ts';
import type { ResourceSchema } from '../../src/language/resource-schema.ts';
import { release } from '../../src/resources/release.ts';
import { systemdUnit } from '../../src/resources/systemd-unit.ts';
import { RESOURCES, task } from './load.ts';

const resources: readonly ResourceSchema[] = [...RESOURCES, release, systemdUnit];
const FILES = { 'conf.hbs': 'port {{port}}\n', 'a.sh': '#!/bin/sh\n{{as it is}}\n' };
const HEAD = 'release: { path: /b, releases: /r, files: [';

function argsOf(
  source: string,
  registers: { readonly [name: string]: Value } = {},
): { readonly [name: string]: Value } {
  const made = task(source, { files: FILES, resources });
  const items = made.render({ host: 'db1', registers, facts: {} as never });
  if (items instanceof Unknown) throw new Error('unknown');
  return items[0]?.args ?? {};
}

function mistakesOf(source: string): string {
  try {
    argsOf(source);
  } catch (error) {
    if (error instanceof InputError)
      return error.diagnostics.map((d) => `${d.message} ${d.hint ?? ''}`).join('\n');
    throw error;
  }
  return '';
}

test('of a list of files those that end in .hbs are rendered, the others are copied as they are', () => {
  const { files } = argsOf(
    `- ${HEAD} { path: c, src: conf.hbs }, { path: s/a, src: a.sh, mode: "0755" }, { path: t, content: "{{port}}" }] }`,
  );
  assert.equal(files, [
    { path: 'c', src: 'conf.hbs', content: 'port 5432\n' },
    {
      path: 's/a',
      src: 'a.sh',
      mode: '0755',
      source: {
        path: 'a.sh',
        sha256: 'd352bda41322acc54245b4c5b811758513b272252ddb123775009c64ba7299c5',
        size: 23,
      },
    },
    { path: 't', content: '5432' },
  ]);
});

test('a single file of either kind is told by its name, too', () => {
  assert.is(argsOf('- systemd_unit: { name: x, src: conf.hbs }').content, 'port 5432\n');
  assert.is((argsOf('- systemd_unit: { name: x, src: a.sh }').source as { size: number }).size, 23);
});

test('a secret in one of them stays one', () => {
  const source = `- secret: { path: /k }\n  register: key\n- ${HEAD} { path: c, content: "K={{key.value}}" }] }`;
  const { files } = argsOf(source, { key: { path: '/k', value: Secret.open('hunter22'), fingerprint: 'f' } });
  const [first] = files as readonly { readonly content: Value }[];
  assert.instance(first?.content, Secret);
});

const MISTAKES: readonly (readonly [string, string, RegExp])[] = [
  ['a file that is missing', '{ path: c, src: none.sh }', /there is no file `none\.sh`/],
  ['a file with src and content', '{ path: c, src: a.sh, content: x }', /both `src` and `content`/],
  ['a file with neither', '{ path: c }', /has none of its forms, found a mapping .*either src or content/],
  ['a path that leads out', '{ path: a/../../c, content: x }', /path/],
  ['an absolute path', '{ path: /c, content: x }', /path/],
  ['a name that is none', '{ path: c, content: x, mod: "0644" }', /mod/],
];

for (const [title, file, message] of MISTAKES)
  test(`${title} is a mistake`, () => {
    assert.match(mistakesOf(`- ${HEAD}${file}] }`), message);
  });

test.run();
