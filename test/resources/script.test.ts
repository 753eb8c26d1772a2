import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { placeFact } from '../../src/facts/place.ts';
import { script } from '../../src/resources/script.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { type Scratch, useFolder } from './scratch.ts';
import { apply, SH } from './tiny-engine.ts';
import { facts, value } from './views.ts';

const test = suite<Scratch>('script');
useFolder(test);

const CASES: readonly Case[] = [
  {
    title: 'where what it creates is there, it is done',
    args: { content: 'x', creates: '/done' },
    facts: facts([placeFact('/done'), value({ type: 'file' })]),
    change: NOTHING,
    registered: { status: null, stdout: '', stderr: '', stdout_lines: [] },
  },
  {
    title: 'a secret part goes by stdin, and the rest is shown by its name',
    args: { src: 'bin/a b.sh', content: Secret.open('hush'), args: ["it's"], timeout: '1m' },
    facts: facts(),
    change: { action: 'run', risk: 'changes', fields: [] },
    commands: [
      {
        display: "'bin/a b.sh' 'it'\\''s'",
        stdin: { kind: 'text', text: Secret.open('hush') },
        timeoutMs: 60_000,
      },
    ],
    touches: [{ on: 'anything' }],
  },
  {
    title: 'a secret is no argument',
    args: { content: 'x', args: [Secret.open('hush')] },
    facts: facts(),
    change: refusal(/a secret cannot be an argument/),
  },
];
expectCases(test, script, CASES);
expectRefusedArgs(test, script, [{}, { args: ['x'] }, { content: 'x', creates: 'here' }]);

/** The interpreter named in the first line, and what it said. */
const FIRST_LINES: readonly (readonly [string, string])[] = [
  ['#!/bin/sh\nprintf "<%s>" "$@"', "<a b><-rf><$(id)><><it's>"],
  ['printf "<%s>" "$@"', "<a b><-rf><$(id)><><it's>"],
  ['#!/usr/bin/env bash\n[[ -n $BASH ]] && printf "<%s>" "$@"', "<a b><-rf><$(id)><><it's>"],
  ['#! /bin/sh -u\nprintf "<%s>" "$#"; : "$MISSING"; echo never', '<5>'],
  ['#!/usr/bin/tail -n+2\nas it is', 'as it is'],
];

for (const [content, out] of FIRST_LINES)
  test(`${JSON.stringify(content.split('\n')[0])} is obeyed`, () => {
    const args = content.includes('tail') ? [] : ['a b', '-rf', '$(id)', '', "it's"];
    assert.is(apply(SH, script, { content, args }).results[0]?.stdout, out);
  });

test('another interpreter may be named', () => {
  const { results } = apply(SH, script, { content: '#!/bin/false\necho $0', executable: '/bin/sh' });
  assert.equal([results[0]?.status, results[0]?.stdout.endsWith('/script\n')], [0, true]);
});

test('it runs in its directory, fails as it fails, and leaves nothing behind', ({ dir }) => {
  const env = { ...process.env, TMPDIR: dir };
  const { results, registered } = apply({ ...SH, env }, script, {
    content: 'pwd; umask; exit 7',
    chdir: dir,
  });
  const umask = process.umask().toString(8).padStart(4, '0');
  assert.is(results[0]?.status, 7, results[0]?.stderr);
  assert.equal((registered as { stdout_lines: unknown }).stdout_lines, [dir, umask]);
  assert.equal(readdirSync(dir), []);
});

test('a file that changed meanwhile is not run', ({ dir }) => {
  const path = join(dir, 'source');
  writeFileSync(path, 'echo changed');
  const sha256 = createHash('sha256').update('echo before').digest('hex');
  const { results } = apply(SH, script, { src: 'source', source: { path, sha256, size: 12 } });
  assert.is(results[0]?.status, 1);
  assert.match(results[0]?.stderr ?? '', /the content did not arrive whole, or the source changed/);
});

test.run();
