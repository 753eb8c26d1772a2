import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { bindParameters, type SqlValue } from '../../src/resources/parts/sql-parameters.ts';

const test = suite('parameters of SQL');

type Parameters = { readonly [name: string]: SqlValue };

const BOUND: readonly (readonly [string, Parameters, string])[] = [
  ['SELECT :a', { a: "it's" }, "SELECT  'it''s' "],
  ['SELECT :a', { a: 'back\\slash' }, "SELECT   E'back\\\\slash' "],
  ['SELECT :a::text, x-:b', { a: 1, b: -5 }, 'SELECT  (1) ::text, x- (-5) '],
  ['SELECT :a, :b, :c', { a: null, b: true, c: '' }, "SELECT  NULL ,  TRUE ,  '' "],
  ['SELECT \':a\', ":a", $$:a$$, $x$ $$ :a $x$ -- :a\n/* :a /* */ :a */', {}, ''],
  ["SELECT E'\\':a', e'a'\n  '\\':a', 'b\\', :a", { a: 1 }, "SELECT E'\\':a', e'a'\n  '\\':a', 'b\\',  (1) "],
  ["SELECT name'x', :a", { a: 1 }, "SELECT name'x',  (1) "],
  ['SELECT a$b$, :a', { a: 1 }, 'SELECT a$b$,  (1) '],
  ['SELECT x[1 : n] ;\n', {}, ''],
];

for (const [query, parameters, sql] of BOUND)
  test(`${JSON.stringify(query)} with ${JSON.stringify(parameters)}`, () => {
    const bound = bindParameters(query, parameters);
    assert.is('sql' in bound ? bound.sql : bound.problem, sql || query);
  });

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['SELECT :missing', /names :missing, which is not among its parameters/],
  ['SELECT :constructor', /names :constructor/],
  ['SELECT 1; DROP TABLE x', /more than one statement: write them as a list/],
  ["SELECT 'a", /a ' in the query is not closed/],
  ['SELECT "a', /a " in the query is not closed/],
  ['SELECT $x$ a $y$', /a \$ quote in the query is not closed/],
  ['SELECT /* /* */', /a comment in the query is not closed/],
];

for (const [query, problem] of REFUSED)
  test(`${query} is refused`, () => {
    const bound = bindParameters(query, {});
    assert.match('problem' in bound ? bound.problem : '', problem);
  });

test('a secret parameter makes the statement a secret, which shows the rest', () => {
  const bound = bindParameters('ALTER ROLE x PASSWORD :p', { p: Secret.open("hunter'22") });
  assert.ok('sql' in bound && bound.sql instanceof Secret);
  assert.is(bound.sql.expose(), "ALTER ROLE x PASSWORD  'hunter''22' ");
  assert.is(bound.sql.masked, "ALTER ROLE x PASSWORD  '••••••' ");
});

test.run();
