import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const files = globSync('test/**/*.{test,lab}.ts').sort();

test('every file of tests runs each of its suites', () => {
  assert.ok(files.length > 0);
  assert.equal(
    files.flatMap((file) =>
      unrun(readFileSync(file, 'utf8')).map((suite) => `${file}: ${suite}.run() is missing`),
    ),
    [],
  );
});

test('no test is left out by only or skip', () => {
  const left = files.filter((file) => /^\s*\w+\.(?:only|skip)\(/m.test(readFileSync(file, 'utf8')));
  assert.equal(left, []);
});

test('nothing under test imports from a file of tests', () => {
  const importing = globSync('test/**/*.ts').filter((file) =>
    /from '[^']*\.(?:test|lab)\.ts'/.test(readFileSync(file, 'utf8')),
  );
  assert.equal(importing, []);
});

const CASES: readonly [text: string, missing: readonly string[]][] = [
  ["import { test } from 'uvu';\ntest('x', f);\ntest.run();\n", []],
  ["import { test } from 'uvu';\ntest('x', f);\n", ['test']],
  ["import { test } from 'uvu';\n// test.run();\n", ['test']],
  ["import { suite } from 'uvu';\nconst odd = suite('odd');\nodd.run();\n", []],
  ["import { suite, test } from 'uvu';\nconst odd = suite('odd');\ntest.run();\n", ['odd']],
];

for (const [text, missing] of CASES)
  test(`${JSON.stringify(text)} lacks ${missing.length === 0 ? 'nothing' : missing.join()}`, () => {
    assert.equal(unrun(text), missing);
  });

/** The suites of a file that are made but not run. */
function unrun(text: string): string[] {
  const suites = [...text.matchAll(/\bconst (\w+)(?:: [^=]+)? = suite(?:<[^>]*>)?\(/g)].map(
    (m) => m[1] ?? '',
  );
  if (/import \{[^}]*\btest\b[^}]*\} from 'uvu'/.test(text)) suites.push('test');
  return suites.filter((suite) => !new RegExp(`^\\s*${suite}\\.run\\(\\);`, 'm').test(text));
}

test.run();
