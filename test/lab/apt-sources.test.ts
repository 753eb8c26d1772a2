import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { debianSources, parseLines, parseStanzas, renderSources } from '../../src/lab/apt-sources.ts';

const STANZAS = `# a comment
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main contrib

Types: deb-src
URIs: http://mirror.example/only-source
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Components: main
`;

test('stanzas are read with continued lines, comments, and without what is off', () => {
  assert.equal(parseStanzas(STANZAS), [
    {
      uri: 'https://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
    },
  ]);
});

test('lines are read with options and comments', () => {
  const text =
    '# deb http://off/ bookworm main\ndeb [arch=amd64] http://m/debian bookworm main contrib # x\ndeb-src http://m/ b main\n';
  assert.equal(parseLines(text), [
    { uri: 'http://m/debian', suites: ['bookworm'], components: ['main', 'contrib'] },
  ]);
});

test("only Debian's own sources are handed on to the hosts", () => {
  const debian = { uri: 'http://m/debian', suites: ['bookworm', 'bookworm-backports'], components: ['main'] };
  const docker = { uri: 'https://d/linux/debian', suites: ['bookworm'], components: ['stable'] };
  assert.equal(debianSources([docker, debian]), [{ ...debian, suites: ['bookworm'] }]);
});

test('on a machine without sources of Debian 12 it is said what to add', () => {
  const newer = { uri: 'http://m/debian', suites: ['trixie'], components: ['main'] };
  assert.throws(
    () => debianSources([newer]),
    /no apt source of bookworm: add one to \/etc\/apt\/sources\.list\.d/,
  );
});

test('hosts are given http, whatever the outer machine uses', () => {
  const text = renderSources(parseStanzas(STANZAS));
  assert.match(text, 'URIs: http://mirror.example/debian\n');
  assert.equal(parseStanzas(text)[0]?.suites, ['bookworm', 'bookworm-updates']);
});

test.run();
