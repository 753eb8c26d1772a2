import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const lock: { packages: { [path: string]: { optionalDependencies?: { [name: string]: string } } } } =
  JSON.parse(readFileSync('package-lock.json', 'utf8'));

// A registry that lacks the builds for other platforms makes `npm install` leave them out of the lockfile, and
// `npm ci` of npm 11 then refuses it. Enter them by hand, as their siblings are entered, without `integrity`.
test('the lockfile has an entry for every optional package, of other platforms too', () => {
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
    ),
  );
  assert.equal(missing, []);
});

test('every version that package.json asks for is an exact one', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
    assert.match(String(version), /^\d+\.\d+\.\d+$/, name);
});

test.run();
