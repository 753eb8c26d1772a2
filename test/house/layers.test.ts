import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folderOf, type Import, importsIn, importsOfSource } from './imports.ts';
import { breach, HOMES } from './layers.ts';

const imports = importsOfSource();

test('a folder under src imports itself and core; resources also facts; cli all', () => {
  assert.equal(imports.map(breach).filter(Boolean), []);
});

test('every imported file is there', () => {
  const missing = imports.filter(({ to }) => 'file' in to && !existsSync(to.file));
  assert.equal(
    missing.map(({ from, line, to }) => `${from}:${line} imports ${JSON.stringify(to)}`),
    [],
  );
});

test('every dependency has a home, and every home a dependency', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal(Object.keys(HOMES).sort(), Object.keys(dependencies).sort());
});

test('no folder is reached again by what it imports', () => {
  assert.equal(circle(imports), undefined);
});

test('folders that import each other are found', () => {
  assert.is(
    circle([
      ...importsIn('src/a/x.ts', "import '../b/y.ts'"),
      ...importsIn('src/b/y.ts', "import '../a/x.ts'"),
    ]),
    'a -> b -> a',
  );
});

const CASES: readonly [file: string, text: string, expected: string | undefined][] = [
  ['src/engine/a.ts', "import { x } from '../core/x.ts';", undefined],
  ['src/engine/a.ts', "import { x } from './x.ts';", undefined],
  ['src/resources/a.ts', "import { x } from '../facts/x.ts';", undefined],
  ['src/cli/a.ts', "const x = await import('../engine/x.ts');", undefined],
  ['src/engine/a.ts', "import { readFile } from 'node:fs/promises';", undefined],
  ['src/transport/a.ts', "import type { Client } from 'ssh2';", undefined],
  ['src/engine/a.ts', "// import { x } from '../report/x.ts';", undefined],
  ['src/cli/a.ts', "import about from '../../package.json' with { type: 'json' };", undefined],
  [
    'src/resources/a.ts',
    "import { x } from '../report/x.ts';",
    'src/resources/a.ts:1 imports src/report/x.ts: src/resources may import only itself, src/core and src/facts',
  ],
  [
    'src/engine/a.ts',
    "import type {\n  X,\n} from '../report/x.ts';",
    'src/engine/a.ts:3 imports src/report/x.ts: src/engine may import only itself and src/core',
  ],
  [
    'src/core/a.ts',
    "export { x } from '../facts/x.ts';",
    'src/core/a.ts:1 imports src/facts/x.ts: src/core may import only itself',
  ],
  [
    'src/facts/a.ts',
    "import { x } from '../resources/x.ts';",
    'src/facts/a.ts:1 imports src/resources/x.ts: src/facts may import only itself and src/core',
  ],
  [
    'src/engine/a.ts',
    "const { Client } = await import('ssh2');",
    'src/engine/a.ts:1 imports "ssh2", whose one home is src/transport: ask that folder for it',
  ],
  [
    'src/cli/a.ts',
    "import x from '@scope/name/deep';",
    'src/cli/a.ts:1 imports "@scope/name", which has no home: give it one in test/house/layers.ts',
  ],
  [
    'src/resources/a.ts',
    "import '../../scripts/x.ts';",
    'src/resources/a.ts:1 imports scripts/x.ts, which is outside of src (only cli reads package.json, for the version)',
  ],
];

for (const [file, text, expected] of CASES)
  test(`${text.replaceAll('\n', ' ')} in ${file} is ${expected === undefined ? 'allowed' : 'refused'}`, () => {
    assert.is(importsIn(file, text).map(breach).find(Boolean), expected);
  });

/** A chain of folders that comes back to its beginning, or nothing. */
function circle(all: readonly Import[]): string | undefined {
  const edges = new Map<string, Set<string>>();
  for (const { from, to } of all) {
    if (!('file' in to) || folderOf(from) === folderOf(to.file)) continue;
    edges.set(folderOf(from), (edges.get(folderOf(from)) ?? new Set()).add(folderOf(to.file)));
  }
  return [...edges.keys()].map((folder) => comeBack(folder, [], edges)).find((c) => c !== undefined);
}

function comeBack(
  folder: string,
  path: readonly string[],
  edges: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder].join(' -> ');
  for (const next of edges.get(folder) ?? []) {
    const found = comeBack(next, [...path, folder], edges);
    if (found !== undefined) return found;
  }
  return undefined;
}

test.run();
