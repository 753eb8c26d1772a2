import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder, localHost } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;
const CANARY = 'kanarie-7f3a"$(x)';
const OTHER = 'zweiter-19c4';

const VARIABLES = `# of the application
user: ops
password: !secret ${JSON.stringify(CANARY)} # changes in spring
tls:
  key: ${OTHER}
`;

/** A project whose fanops.yml names an identity and its recipient; a second identity lies beside it. */
function inProject(use: (folder: string) => void): void {
  inFolder({ 'vars.yml': VARIABLES }, (folder) => {
    const recipient = newIdentity(folder, 'id');
    newIdentity(folder, 'id2');
    writeFileSync(join(folder, 'fanops.yml'), `age_identity: id\nage_recipients: [${recipient}]\n`);
    use(folder);
  });
}

function newIdentity(folder: string, name: string): string {
  execFileSync('age-keygen', ['-o', join(folder, name)], { stdio: 'ignore' });
  return execFileSync('age-keygen', ['-y', join(folder, name)], { encoding: 'utf8' }).trim();
}

function fanops(folder: string, argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(BIN, argv, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    input: '',
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function read(folder: string, file = 'vars.yml'): string {
  return readFileSync(join(folder, file), 'utf8');
}

test('tagged and named values are encrypted where they stand, and age opens them', () => {
  inProject((folder) => {
    chmodSync(join(folder, 'vars.yml'), 0o640);
    const { status, stderr } = fanops(folder, ['secrets', 'encrypt', 'vars.yml', '--name', 'tls.key']);
    assert.is(status, 0, stderr);
    const text = read(folder);
    assert.match(
      text,
      /^# of the application\nuser: ops\npassword: \| # changes in spring\n {2}-----BEGIN AGE/,
    );
    assert.not.match(text, CANARY);
    assert.not.match(text, OTHER);
    assert.is(statSync(join(folder, 'vars.yml')).mode & 0o777, 0o640);
    const armored = text.slice(text.indexOf('  -----BEGIN'), text.indexOf('tls:')).replace(/^ {2}/gm, '');
    const opened = execFileSync('age', ['-d', '-i', join(folder, 'id')], {
      input: armored,
      encoding: 'utf8',
    });
    assert.is(opened, CANARY);
  });
});

test('what is no text is not encrypted, and is not shown', () => {
  inProject((folder) => {
    writeFileSync(join(folder, 'vars.yml'), 'pin: 4711\nall: [{ a: x }]\nnone:\n');
    const said = (name: string) => {
      const { status, stderr } = fanops(folder, ['secrets', 'encrypt', 'vars.yml', '--name', name]);
      assert.is(status, 1);
      assert.not.match(stderr, '4711');
      return stderr;
    };
    assert.match(
      said('pin'),
      '`pin` in vars.yml is a number, and only texts are encrypted\n  hint: put it in quotes',
    );
    assert.match(said('all.0'), '`all.0` in vars.yml is a mapping or a list');
    assert.match(said('none'), '`none` in vars.yml is empty');
    assert.match(said('gone'), 'vars.yml has no text `gone`');
  });
});

test('editing shows the values, keeps the ciphertext of what was not touched, and leaves nothing behind', () => {
  inProject((folder) => {
    fanops(folder, ['secrets', 'encrypt', 'vars.yml', '--name', 'tls.key']);
    const before = read(folder);
    const looked = fanops(folder, ['secrets', 'edit', 'vars.yml'], { EDITOR: `cp -t ${folder}/seen` });
    assert.is(looked.status, 1, 'an editor that fails changes nothing');
    assert.is(read(folder), before);
    const editor = `sh -c 'stat -c %a:%n "$0" >${folder}/seen; sed -i s/${OTHER}/neu-4711/ "$0"'`;
    const { status, stderr } = fanops(folder, ['secrets', 'edit', 'vars.yml'], { EDITOR: editor });
    assert.is(status, 0, stderr);
    const [mode = '', shown = ''] = read(folder, 'seen').trim().split(':');
    assert.is(mode, '600');
    assert.not.ok(existsSync(shown));
    const passwordOf = (text: string) => text.slice(text.indexOf('password'), text.indexOf('tls:'));
    assert.is(passwordOf(read(folder)), passwordOf(before));
    assert.is.not(read(folder), before);
    assert.equal(
      readdirSync(folder).filter((name) => name.endsWith('.part')),
      [],
    );
  });
});

test('what was edited into no YAML is refused with its place, and the file stays as it was', () => {
  inProject((folder) => {
    fanops(folder, ['secrets', 'encrypt', 'vars.yml']);
    const before = read(folder);
    const { status, stderr } = fanops(folder, ['secrets', 'edit', 'vars.yml'], {
      EDITOR: `sh -c 'echo "  x: [" >>"$0"'`,
    });
    assert.is(status, 1);
    assert.match(stderr, /vars\.yml:\d+:\d+: error/);
    assert.not.match(stderr, CANARY);
    assert.is(read(folder), before);
  });
});

test('rekeying shuts out whoever is no recipient any more', () => {
  inProject((folder) => {
    fanops(folder, ['secrets', 'encrypt', 'vars.yml']);
    const recipient = execFileSync('age-keygen', ['-y', join(folder, 'id2')], { encoding: 'utf8' }).trim();
    const rekeyed = fanops(folder, ['secrets', 'rekey', 'vars.yml', '--to', recipient]);
    assert.is(rekeyed.status, 0, rekeyed.stderr);
    const old = fanops(folder, ['secrets', 'edit', 'vars.yml'], { EDITOR: 'true' });
    assert.is(old.status, 1);
    assert.match(old.stderr, /vars\.yml:3:11: error: none of the 1 identities given can decrypt/);
    const now = fanops(folder, ['secrets', 'edit', 'vars.yml', '--age-identity', 'id2'], { EDITOR: 'true' });
    assert.is(now.status, 0, now.stderr);
  });
});

test('a playbook reads them; without an identity it is valid, but cannot be planned', () => {
  inProject((folder) => {
    writeFileSync(
      join(folder, 'hosts.yml'),
      `all:\n  hosts:\n    h: ${localHost(folder)}\n  vars:\n    pw: !secret ${JSON.stringify(CANARY)}\n`,
    );
    writeFileSync(
      join(folder, 'p.yml'),
      `- hosts: h\n  tasks:\n    - file: {path: "${folder}/out", content: "pw = {{pw}}\\n", mode: "0600"}\n`,
    );
    const tagged = fanops(folder, ['validate', 'p.yml', '-i', 'hosts.yml']);
    assert.is(tagged.status, 1);
    assert.match(tagged.stderr, 'fanops secrets encrypt');
    assert.not.match(tagged.stderr, 'kanarie');
    fanops(folder, ['secrets', 'encrypt', 'hosts.yml']);
    const closed = { FANOPS_AGE_IDENTITY: join(folder, 'id2') };
    assert.is(fanops(folder, ['validate', 'p.yml', '-i', 'hosts.yml'], closed).status, 0);
    const refused = fanops(folder, ['plan', 'p.yml', '-i', 'hosts.yml'], closed);
    assert.is(refused.status, 1);
    assert.match(refused.stderr, 'hosts.yml:5:9: error: none of the 1 identities');
    const applied = fanops(folder, ['apply', 'p.yml', '-i', 'hosts.yml', '--yes', '-v']);
    assert.is(applied.status, 0, applied.stderr);
    assert.is(read(folder, 'out'), `pw = ${CANARY}\n`);
    assert.not.match(applied.stdout + applied.stderr, 'kanarie');
  });
});

test.run();
