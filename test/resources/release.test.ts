import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MASK, Secret } from '../../src/core/secret.ts';
import { release } from '../../src/resources/release.ts';
import { SCRATCH } from './stub-machine.ts';
import { apply, plan, SH } from './tiny-engine.ts';

const test = suite<{ dir: string }>('release');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-release-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

type Files = { readonly [path: string]: string | Secret };

const ONE: Files = {
  'scripts/a.sh': '#!/bin/sh\n. "${0%/*}/lib.sh"\n',
  'scripts/lib.sh': 'x=1\n',
  'configs/b.conf': 'KEY="v"\n',
};

function args(dir: string, files: Files, more: object = {}) {
  const list = Object.entries(files).map(([path, content]) => ({
    path,
    content,
    ...(path.startsWith('scripts/') ? { mode: '0755' } : {}),
  }));
  return { path: join(dir, 'backup'), releases: join(dir, 'releases'), files: list, ...more };
}

function target(dir: string): string {
  return readlinkSync(join(dir, 'backup'));
}

/** Applies, and insists that it went well and that nothing is left to do. */
function done(dir: string, files: Files, more: object = {}) {
  const applied = apply(SH, release, args(dir, files, more));
  for (const result of applied.results) assert.is(result.status, 0, result.stderr);
  assert.is(applied.after.action, 'none', JSON.stringify(applied.after));
  return applied;
}

test('a set is written whole and reached through the link', ({ dir }) => {
  const { before, registered } = done(dir, ONE);
  assert.is(before.action, 'create');
  assert.is(readFileSync(join(dir, 'backup/scripts/lib.sh'), 'utf8'), 'x=1\n');
  assert.equal(registered, { path: join(dir, 'backup'), target: target(dir) });
  assert.match(target(dir), /\/releases\/[0-9a-f]{16}$/);
  assert.equal(readdirSync(join(dir, 'releases')).length, 1);
});

test('another content is another set; the old one stays as it was, and going back writes nothing', ({
  dir,
}) => {
  done(dir, ONE);
  const old = target(dir);
  const { before } = done(dir, { ...ONE, 'scripts/lib.sh': 'x=2\n' });
  assert.equal(
    before.fields.map((f) => f.field),
    ['target', 'scripts/lib.sh'],
  );
  assert.equal([before.fields[1]?.before, before.fields[1]?.after], ['x=1\n', 'x=2\n']);
  assert.is(readFileSync(join(old, 'scripts/lib.sh'), 'utf8'), 'x=1\n');
  const back = done(dir, ONE);
  assert.is(target(dir), old);
  assert.is(back.commands.length, 1);
});

const DRIFTS: readonly (readonly [string, (set: string) => void, string])[] = [
  ['a file that was edited', (set) => writeFileSync(join(set, 'scripts/lib.sh'), 'evil\n'), 'scripts/lib.sh'],
  ['a file that was removed', (set) => rmSync(join(set, 'scripts/lib.sh')), 'scripts/lib.sh'],
  ['a file that was added', (set) => writeFileSync(join(set, 'scripts/new'), ''), 'scripts/new'],
  [
    'permissions that were changed',
    (set) => chmodSync(join(set, 'scripts/a.sh'), 0o777),
    'scripts/a.sh mode',
  ],
  ['a directory that was opened', (set) => chmodSync(join(set, 'scripts'), 0o777), 'scripts mode'],
  [
    'a link in the place of a file',
    (set) => {
      rmSync(join(set, 'scripts/lib.sh'));
      symlinkSync('/etc/passwd', join(set, 'scripts/lib.sh'));
    },
    'scripts/lib.sh',
  ],
];

for (const [title, tamper, field] of DRIFTS)
  test(`${title} makes a fresh set, and what was there is kept`, ({ dir }) => {
    done(dir, ONE);
    const old = target(dir);
    tamper(old);
    const { before } = done(dir, ONE);
    assert.equal([before.action, before.fields.map((f) => f.field)], ['update', ['target', field]]);
    assert.is(target(dir), `${old}-2`);
    assert.ok(existsSync(old));
  });

test('old sets beyond `keep` are removed, the one in use never, strangers never', ({ dir }) => {
  for (const n of [1, 2, 3, 4]) done(dir, { ...ONE, 'scripts/lib.sh': `x=${n}\n` }, { keep: 2 });
  mkdirSync(join(dir, 'releases/mine'));
  assert.is(readdirSync(join(dir, 'releases')).length, 3);
  done(dir, { ...ONE, 'scripts/lib.sh': 'x=5\n' }, { keep: 1 });
  assert.equal(readdirSync(join(dir, 'releases')).sort(), [target(dir).split('/').at(-1), 'mine'].sort());
});

test('what a broken-off run left behind is no hindrance', ({ dir }) => {
  const { commands } = done(dir, ONE);
  const name = target(dir).split('/').at(-1);
  rmSync(join(dir, 'releases'), { recursive: true });
  mkdirSync(join(dir, 'releases', `.fanops-${name}~`, 'scripts'), { recursive: true });
  writeFileSync(join(dir, 'releases', `.fanops-${name}~`, 'scripts', 'half'), '');
  symlinkSync('x', join(dir, '.fanops-backup~'));
  done(dir, ONE);
  assert.is(commands.length, 5);
  assert.equal(readdirSync(dir).sort(), ['backup', 'releases']);
});

test('a file that did not arrive whole stops everything before the switch', ({ dir }) => {
  const source = { path: join(dir, 'source'), sha256: '0'.repeat(64), size: 1 };
  writeFileSync(source.path, 'x');
  const { results } = apply(SH, release, { ...args(dir, {}), files: [{ path: 'f', src: 'source', source }] });
  assert.is(results.at(-1)?.status, 1);
  assert.match(results.at(-1)?.stderr ?? '', /did not arrive whole/);
  assert.not(existsSync(join(dir, 'backup')));
});

test('a directory or a file in the place of the link is not touched', ({ dir }) => {
  mkdirSync(join(dir, 'backup'));
  const { before, commands } = apply(SH, release, args(dir, ONE));
  assert.match(before.reason ?? '', /found a directory: move it aside \(mv -T -- /);
  assert.equal(commands, []);
});

test('a link that leads elsewhere is switched over', ({ dir }) => {
  symlinkSync('/nowhere', join(dir, 'backup'));
  assert.is(done(dir, ONE).before.action, 'update');
});

test('a secret enters neither the name of the set nor the change', ({ dir }) => {
  const secret = (text: string) => ({
    ...ONE,
    'configs/b.conf': Secret.open(`PW=${text}\n`, `PW=${MASK}\n`),
  });
  done(dir, secret('hunter22'));
  const old = target(dir);
  const { before, commands } = done(dir, secret('correct horse'));
  assert.is(target(dir), `${old}-2`);
  for (const word of ['hunter22', 'correct horse'])
    assert.not(JSON.stringify([before, commands]).includes(word));
  assert.is(readFileSync(join(dir, 'backup/configs/b.conf'), 'utf8'), 'PW=correct horse\n');
});

test('where a directory is missing it is said', ({ dir }) => {
  const { change } = plan(SH, release, { ...args(dir, ONE), releases: join(dir, 'a/b') });
  assert.match(change.reason ?? '', /the directory .*\/a does not exist/);
});

test('a name that is in the set twice is refused', ({ dir }) => {
  const twice = [
    { path: 'f', content: '1' },
    { path: 'f', content: '2' },
  ];
  assert.match(
    plan(SH, release, { ...args(dir, {}), files: twice }).change.reason ?? '',
    /f is in the set twice/,
  );
});

test.run();
