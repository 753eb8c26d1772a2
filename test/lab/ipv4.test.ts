import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressAt, formatNetwork, type Network, overlaps, parseNetwork } from '../../src/lab/ipv4.ts';

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed, text);
  return parsed as Network;
}

test('a network is written as it is read', () => {
  for (const text of ['10.99.77.0/24', '0.0.0.0/0', '255.255.255.255/32', '192.168.128.0/17'])
    assert.is(formatNetwork(network(text)), text);
});

test('what is not a network is refused', () => {
  for (const text of [
    '',
    '10.0.0.0',
    '10.0.0.1/24',
    '10.0.0/24',
    '10.0.0.256/32',
    '10.0.0.0/33',
    'a.b.c.d/8',
  ])
    assert.is(parseNetwork(text), undefined, text);
});

test('addresses count from the first one', () => {
  assert.is(addressAt(network('10.99.77.0/24'), 11), '10.99.77.11');
  assert.is(addressAt(network('10.99.76.0/22'), 300), '10.99.77.44');
});

test('two networks overlap when one holds the other', () => {
  const cases: [string, string, boolean][] = [
    ['10.99.77.0/24', '10.99.77.0/24', true],
    ['10.99.77.0/24', '10.0.0.0/8', true],
    ['10.99.77.0/24', '10.99.77.200/32', true],
    ['10.99.77.0/24', '10.99.78.0/24', false],
    ['10.99.77.0/24', '10.99.76.0/24', false],
  ];
  for (const [a, b, expected] of cases) {
    assert.is(overlaps(network(a), network(b)), expected, `${a} ${b}`);
    assert.is(overlaps(network(b), network(a)), expected, `${b} ${a}`);
  }
});

test.run();
