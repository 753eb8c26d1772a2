import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareVersions } from '../../src/resources/parts/debian-version.ts';

const test = suite('versions of Debian');

const VERSIONS: readonly string[] = [
  '1.0',
  '1.0-1',
  '1.0~rc1-1',
  '1.0~~-1',
  '1:0.9',
  '1.0+b1',
  '1.0a',
  '1.00',
  '15.8-0+deb12u1',
  '15.10-0+deb12u1',
  '15.10-0+deb12u2~bpo',
  '20240101',
  '0',
  '1.0-1-2',
  '1.0.',
  '2.0-99999999999999999999',
];

test('any two are ordered as dpkg orders them', () => {
  const isNewer = VERSIONS.flatMap((a) => VERSIONS.map((b) => [a, b] as const));
  const asked = isNewer.map(([a, b]) => `dpkg --compare-versions ${a} gt ${b} && echo '${a} > ${b}'`);
  const said = spawnSync('sh', ['-c', asked.join('\n')], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  const ours = isNewer.filter(([a, b]) => compareVersions(a, b) > 0).map(([a, b]) => `${a} > ${b}`);
  assert.equal(ours, said);
});

test.run();
