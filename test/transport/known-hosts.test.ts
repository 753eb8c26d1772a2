import { createHmac } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  judgeHostKey,
  knownHostName,
  knownKeyTypes,
  matchesHost,
  parseKnownHosts,
} from '../../src/transport/known-hosts.ts';

const KEY = Buffer.from('the key');
const OTHER = Buffer.from('another key');

function hashed(name: string): string {
  const salt = Buffer.from('salt of twenty bytes');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

test('a pattern matches the names it should', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['db1', 'db1', true],
    ['DB1', 'db1', true],
    ['db1,10.0.0.1', '10.0.0.1', true],
    ['db?', 'db1', true],
    ['db?', 'db12', false],
    ['*.example.com', 'db1.example.com', true],
    ['*.example.com', 'db1xexample.com', false],
    ['*,!db1', 'db1', false],
    ['!db1', 'db2', false],
    ['db1', '[db1]:2222', false],
    ['[db1]:2222', '[db1]:2222', true],
    ['[*]:2222', '[db1]:2222', true],
    [hashed('[db1]:2222'), '[db1]:2222', true],
    [hashed('db1'), '[db1]:2222', false],
    [hashed('db1'), 'db1', true],
    ['|1|broken', 'db1', false],
  ];
  for (const [patterns, name, expected] of cases)
    assert.is(matchesHost(patterns, name), expected, `${patterns} for ${name}`);
});

test('the port is named only where it is not 22', () => {
  assert.is(knownHostName('DB1', 22), 'db1');
  assert.is(knownHostName('db1', 2222), '[db1]:2222');
});

test('a key is judged by all lines of the host', () => {
  const line = (name: string, key: Buffer, marker = '') =>
    `${marker} ${name} ssh-ed25519 ${key.toString('base64')} comment`;
  const cases: readonly (readonly [string[], string])[] = [
    [[line('db1', KEY)], 'known'],
    [[line('db1', OTHER), line('db1', KEY)], 'known'],
    [[line('db1', OTHER)], 'changed'],
    [[line('db2', KEY)], 'unknown'],
    [[], 'unknown'],
    [[line('db1', KEY), line('*', KEY, '@revoked')], 'revoked'],
    [[line('db1', OTHER, '@revoked'), line('db1', KEY)], 'known'],
    [[line('*', KEY, '@cert-authority')], 'unknown'],
    [['# db1 ssh-ed25519 AAAA', '', 'db1', 'db1 ssh-ed25519'], 'unknown'],
  ];
  for (const [lines, expected] of cases)
    assert.is(
      judgeHostKey(parseKnownHosts('f', lines.join('\n')), 'db1', KEY).state,
      expected,
      lines.join('; '),
    );
});

test('the types of the known keys are asked for first', () => {
  const entries = parseKnownHosts(
    'f',
    'db1 ssh-rsa AAAA\ndb2 ssh-ed25519 AAAA\n@revoked db1 ecdsa-sha2-nistp256 AAAA',
  );
  assert.equal(knownKeyTypes(entries, 'db1'), ['ssh-rsa']);
});

test.run();
