import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeHandler, encodeHandler } from '../../src/transport/handler-name.ts';

test('any name survives being a word', () => {
  for (const name of [
    'restart patroni',
    "it's",
    'a/b',
    '..',
    '-n',
    '%41',
    'ü 🐘',
    'a\nb',
    ',',
    '',
    'x'.repeat(500),
  ]) {
    const encoded = encodeHandler(name);
    assert.match(encoded, /^[A-Za-z0-9_%-]*$/);
    assert.is(decodeHandler(encoded), name);
  }
  assert.is(encodeHandler('restart patroni'), 'restart%20patroni');
});

test.run();
