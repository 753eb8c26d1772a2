import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { quote } from '../../src/core/shell.ts';
import { inFolder, localHost } from './folder.ts';

/** Secrets enter wherever they can, and no form of them is found wherever something is shown or kept. */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** With characters that every quoting changes; one for each way in. */
const CANARIES = {
  inventory: 'kanarie\'1 "$(x)\\ü-inventory',
  commandLine: 'kanarie\'2 "$(x)\\ü-command-line',
  groupVars: 'kanarie\'3 "$(x)\\ü-group-vars',
  environment: 'kanarie\'5 "$(x)\\ü-environment',
  readBack: 'kanarie4-read-back-from-the-host',
};

const PLAYBOOK = `- name: Secrets
  hosts: h
  environment: { OUTER: "{{e}}", LEVEL: 1 }
  tasks:
    - name: Into a file
      file:
        path: "{{base}}/settings"
        content: "user = x\\na = {{a}}\\nb = {{b}}\\nc = {{json c}}\\nd = {{base64 a}}\\n"
        mode: "0600"
    - name: Into a command that fails and says it
      command:
        argv: [sh, -c, "sh {{base}}/hold.sh {{base}}; cat; cat >&2; exit {{status}}"]
        stdin: "{{a}} {{b}}"
      register: said
    - name: Into the environment of a command
      command: { argv: [sh, -c, 'sh {{base}}/hold.sh {{base}}; printf %s "$OUTER" >"$1"; printf %s "$OUTER"', x, "{{base}}/seen-by-command"] }
    - name: Into that of a shell, and its stdin behind it
      shell: { cmd: 'printf %s "$OUTER" >seen-by-shell; sh hold.sh .; cat', chdir: "{{base}}", stdin: "{{a}}" }
    - name: Into that of a script that is streamed
      environment: { t: "{{e}}", d: /nowhere }
      script: { src: seen.sh, chdir: "{{base}}" }
    - name: Read back
      sensitive: true
      command: { argv: [cat, "{{base}}/kept"] }
      changed_when: false
      register: kept
    - name: Into another file
      file: { path: "{{base}}/copy", content: "{{kept.stdout}}", mode: "0600" }
    - name: Generated
      random_secret: { path: "{{base}}/generated", members: all, owner: root, group: root }
      register: generated
    - name: Into a third
      file: { path: "{{base}}/third", content: "{{generated.value}}", mode: "0600" }
`;

function inProject(use: (folder: string) => void): void {
  inFolder(
    {
      'p.yml': PLAYBOOK,
      'seen.sh': 'printf %s "$t" >seen-by-script\nsh hold.sh .\n',
      // While somebody looks at the processes it stays until all of them were looked at; `looks` counts.
      'hold.sh': `cd "$1" || exit
[ -e looks ] || exit 0
from=$(cat looks)
until [ "$(cat looks)" -ge $((from + 2)) ]; do sleep 0.02; done
`,
      'group_vars/all.yml': `b: !secret ${JSON.stringify(CANARIES.groupVars)}\n`,
    },
    (folder) => {
      execFileSync('age-keygen', ['-o', join(folder, 'id')], { stdio: 'ignore' });
      const recipient = execFileSync('age-keygen', ['-y', join(folder, 'id')], { encoding: 'utf8' }).trim();
      writeFileSync(
        join(folder, 'fanops.yml'),
        `inventory: hosts.yml\nage_identity: id\nage_recipients: [${recipient}]\n`,
      );
      writeFileSync(
        join(folder, 'hosts.yml'),
        `all:\n  hosts:\n    h: ${localHost(folder)}\n  vars:\n    base: ${folder}\n    status: 0\n    a: !secret ${JSON.stringify(CANARIES.inventory)}\n    e: !secret ${JSON.stringify(CANARIES.environment)}\n`,
      );
      writeFileSync(join(folder, 'extra.yml'), `c: !secret ${JSON.stringify(CANARIES.commandLine)}\n`);
      writeFileSync(join(folder, 'kept'), CANARIES.readBack);
      for (const file of ['hosts.yml', 'extra.yml', 'group_vars/all.yml'])
        assert.is(fanops(folder, 'secrets', 'encrypt', file).status, 0);
      use(folder);
    },
  );
}

function fanops(folder: string, ...argv: string[]) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const { status, stdout, stderr } = spawnSync(BIN, argv, { cwd: folder, env, input: '', encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** Raw, quoted for a shell, in JSON, in base64 and base64url, in hex, and by checksum. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const digest = createHash('sha256').update(bytes);
  return [
    secret,
    quote(secret),
    json,
    JSON.stringify(json).slice(1, -1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    digest.digest('hex'),
  ];
}

function assertUnseen(folder: string, where: string, text: string): void {
  const generated = existsSync(join(folder, 'generated'))
    ? { generated: readFileSync(join(folder, 'generated'), 'utf8').trim() }
    : {};
  for (const [way, secret] of Object.entries({ ...CANARIES, ...generated }))
    for (const form of formsOf(secret))
      assert.not.ok(text.includes(form), `${where} shows the secret of ${way} as ${form}`);
}

const PLANS: readonly string[][] = [['plan'], ['plan', '-v'], ['plan', '--json'], ['plan', '--format', 'md']];

test('plans in every form show no secret, before and after they are applied', () => {
  inProject((folder) => {
    for (const round of ['before', 'after']) {
      for (const argv of PLANS) {
        const { status, stdout, stderr } = fanops(folder, ...argv, 'p.yml', '-e', '@extra.yml');
        assert.is(status, 0, stderr);
        assertUnseen(folder, `${argv.join(' ')} ${round}`, stdout + stderr);
      }
      if (round === 'before')
        assert.is(fanops(folder, 'apply', 'p.yml', '-e', '@extra.yml', '--yes').status, 0);
    }
  });
});

test('nothing that apply shows or leaves behind holds a secret, whether it succeeds or fails', () => {
  inProject((folder) => {
    for (const status of [3, 0]) {
      const ended = fanops(
        folder,
        'apply',
        'p.yml',
        '-e',
        '@extra.yml',
        '-e',
        `status=${status}`,
        '--yes',
        '-v',
        '--stats',
      );
      assert.is(ended.status, status, ended.stderr);
      assertUnseen(folder, `apply that ends with ${status}`, ended.stdout + ended.stderr);
      assertUnseen(folder, 'what apply leaves behind', leftBehind(folder));
    }
    for (const seen of ['seen-by-command', 'seen-by-shell', 'seen-by-script'])
      assert.is(readFileSync(join(folder, seen), 'utf8'), CANARIES.environment);
    assert.is(readFileSync(join(folder, 'copy'), 'utf8'), CANARIES.readBack);
    assert.match(readFileSync(join(folder, 'settings'), 'utf8'), CANARIES.inventory);
  });
});

/** The state of fanops on the host, and its records beside the project. */
function leftBehind(folder: string): string {
  return globSync(['lib/**/*', 'run/**/*', '.fanops/**/*'], { cwd: folder })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

test('no process shows a secret in its arguments while it is applied', () => {
  inProject((folder) => {
    const watching = `echo 0 >looks; looks=0
"$0" apply p.yml -e @extra.yml --yes 2>/dev/null & apply=$!
while kill -0 $apply 2>/dev/null; do
  cat /proc/[0-9]*/cmdline 2>/dev/null
  looks=$((looks + 1)); echo $looks >looks.new; mv looks.new looks
done | tr '\\0' ' ' >seen
wait $apply`;
    const env = { PATH: process.env.PATH, HOME: process.env.HOME };
    const { status } = spawnSync('sh', ['-c', watching, BIN], {
      cwd: folder,
      env,
      input: '',
      encoding: 'utf8',
    });
    assert.is(status, 0);
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    assert.match(seen, 'hold.sh');
    assertUnseen(folder, 'the list of processes', seen);
  });
});

test.run();
