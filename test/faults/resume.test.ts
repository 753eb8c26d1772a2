import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Scene } from './killed-run.ts';

/** The command says that it was begun, and waits until it may go on. */
const WAITING = `
- name: wait
  hosts: h1
  tasks:
    - name: Wait
      command: { argv: [sh, -c, "echo x >> {{ root }}/count; until [ -e {{ root }}/go ]; do sleep 0.1; done"] }
    - name: After
      command: { argv: [sh, -c, "echo y >> {{ root }}/count"] }
`;

async function withScene(playbook: string, use: (scene: Scene) => Promise<void>): Promise<void> {
  const scene = new Scene(playbook);
  try {
    await use(scene);
  } finally {
    writeFileSync(join(scene.folder, 'h1/go'), '');
    scene.remove();
  }
}

/** Kills the controller while its command runs on the host. */
async function killedWhileWaiting(scene: Scene): Promise<void> {
  const isBegun = () => scene.read('count')[0] !== '';
  assert.ok(await scene.killedWhen(isBegun, 'apply', 'play.yml', '--yes'));
}

/** Kills the program that runs the batch on the host, as a power cut would. */
async function killRunner(scene: Scene): Promise<void> {
  const batches = join(scene.folder, 'h1/run/batches');
  const [batch = ''] = readdirSync(batches);
  const pid = Number(readFileSync(join(batches, batch, 'unit'), 'utf8').split(' ')[1]);
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}/status`)) await sleep(20);
  writeFileSync(join(scene.folder, 'h1/go'), '');
}

for (const [word, count] of [
  ['done', 'x\ny\n'],
  ['again', 'x\nx\ny\n'],
] as const)
  test(`what nobody knows the end of is in doubt, and goes on as ${word} when that was said`, () =>
    withScene(WAITING, async (scene) => {
      await killedWhileWaiting(scene);
      await killRunner(scene);
      const asked = scene.fanops('resume', 'last');
      assert.is(asked.status, 7, asked.stderr);
      assert.match(asked.stderr, 'in doubt: [h1] 1. Wait (play.yml:5)');
      assert.match(asked.stderr, /fanops resume \d{8}-\S+ --treat-as 1@h1=done/);
      assert.is(scene.read('count')[0], 'x\n');
      const said = scene.fanops('resume', 'last', '--treat-as', word);
      assert.is(said.status, 0, said.stderr);
      assert.is(scene.read('count')[0], count);
    }));

test('the host that did it for another one is held as long as it is in doubt', () => {
  const command = 'command: { argv: [sh, -c, "echo x';
  const delegated = WAITING.replace('hosts: h1', 'hosts: h2')
    .replaceAll('{{ root }}', '{{ hostvars.h1.root }}')
    .replace(command, `delegate_to: h1\n      ${command}`);
  return withScene(delegated, async (scene) => {
    await killedWhileWaiting(scene);
    await killRunner(scene);
    assert.is(scene.fanops('resume', 'last').status, 7);
    assert.match(scene.fanops('unlock', 'h1').stderr, 'h1: held by');
    const said = scene.fanops('resume', 'last', '--treat-as', 'done');
    assert.is(said.status, 0, said.stderr);
    assert.match(scene.fanops('unlock', 'h1').stderr, 'h1: nobody holds it');
  });
});

test('items of a loop are told apart, and the host to look at is the one that did it', () =>
  withScene(
    `
- hosts: h1
  tasks:
    - name: Secret things
      loop: [one, two]
      command: { argv: [sh, -c, "echo {{ item }} >> {{ hostvars.h2.root }}/count"] }
      delegate_to: h2
      sensitive: true
      register: things
    - name: Gate
      command: { argv: [test, -e, "{{ root }}/gate"] }
`,
    async (scene) => {
      assert.is(scene.fanops('apply', 'play.yml', '--yes').status, 3);
      writeFileSync(join(scene.folder, 'h1/gate'), '');
      const resume = (...words: string[]) =>
        scene.fanops('resume', 'last', ...words.flatMap((word) => ['--treat-as', word]));
      for (const [words, text] of [
        [[], 'in doubt: [h1 -> h2] 1. Secret things ([1])'],
        [[], 'Look at h2 whether it happened'],
        [[], "--treat-as '1[0]@h1=done' --treat-as '1[1]@h1=done'"],
        [['1@h1=done'], '--treat-as 1@h1=done may be about 2 things: 1[0]@h1, 1[1]@h1'],
        [['done'], '--treat-as done may be about 2 things'],
        [['2@h1=done', '1[0]@h1=done'], '--treat-as 2@h1=done is about nothing that is in doubt'],
        [['1[0]@h1=done', '1[0]@h1=again'], 'of 1[0]@h1 more than one thing is said'],
      ] as const) {
        const { status, stderr } = resume(...words);
        assert.is(status, 7, stderr);
        assert.ok(stderr.includes(text), stderr);
      }
      assert.is(scene.read('count')[1], 'one\ntwo\n');
      const said = resume('1[0]@h1=done', '1[1]@h1=again');
      assert.is(said.status, 0, said.stderr);
      assert.is(scene.read('count')[1], 'one\ntwo\ntwo\n');
    },
  ));

test('a last line that was torn is cut off', () =>
  withScene(WAITING, async (scene) => {
    await killedWhileWaiting(scene);
    const torn = '{"v":1,"at":"1999-';
    appendFileSync(scene.journal() ?? '', torn);
    writeFileSync(join(scene.folder, 'h1/go'), '');
    const { status, stderr } = scene.fanops('resume', 'last');
    assert.is(status, 0, stderr);
    assert.is(scene.read('count')[0], 'x\ny\n');
    assert.not.match(readFileSync(scene.journal() ?? '', 'utf8'), torn);
  }));

test('the second operator hears who holds a host, until it is unlocked; what was sent before then begins no more', () =>
  withScene(WAITING, async (scene) => {
    await killedWhileWaiting(scene);
    const second = scene.fanops('apply', 'play.yml', '--yes');
    assert.is(second.status, 9, second.stderr);
    assert.match(second.stderr, /nothing was done: h1 is held by \S+@\S+ since .*apply play.yml, run \d{8}-/);
    const refused = scene.fanops('unlock', 'h1');
    assert.is(refused.status, 1, 'it wants to be confirmed');
    assert.is(scene.fanops('unlock', 'h1', '--yes').status, 0);
    writeFileSync(join(scene.folder, 'h1/go'), '');
    const over = () => {
      const batches = join(scene.folder, 'h1/state/batches');
      return readFileSync(join(batches, readdirSync(batches)[0] ?? ''), 'utf8');
    };
    while (!over().includes('over ')) await sleep(20);
    assert.match(over(), 'over fenced');
    assert.is(scene.read('count')[0], 'x\n');
  }));

test('a run is taken up with the files that it began with, or with a word', () =>
  withScene(WAITING, async (scene) => {
    await killedWhileWaiting(scene);
    writeFileSync(join(scene.folder, 'h1/go'), '');
    writeFileSync(join(scene.folder, 'play.yml'), `${WAITING}\n# more\n`);
    const refused = scene.fanops('resume', 'last');
    assert.is(refused.status, 8, refused.stderr);
    assert.match(refused.stderr, 'play.yml has changed');
    assert.is(scene.fanops('resume', 'last', '--changed-sources').status, 0);
    assert.is(scene.read('count')[0], 'x\ny\n');
  }));

test('what had ended is not taken for a command that has become another one', () =>
  withScene(WAITING, async (scene) => {
    await killedWhileWaiting(scene);
    writeFileSync(join(scene.folder, 'h1/go'), '');
    const other = WAITING.replace('echo x >>', 'echo z >>');
    assert.is.not(other, WAITING);
    writeFileSync(join(scene.folder, 'play.yml'), other);
    const { status, stderr } = scene.fanops('resume', 'last', '--changed-sources');
    assert.is(status, 0, stderr);
    assert.is(scene.read('count')[0], 'x\ny\nz\n');
  }));

test('no secret gets into the journal, whatever it is written as', () =>
  withScene(
    `
- name: secrets
  hosts: h1
  vars: { canary: canary-7f3a9 }
  tasks:
    - name: Sensitive
      sensitive: true
      command: { argv: [sh, -c, "cat; echo canary-7f3a9 >&2"], stdin: canary-7f3a9 }
      register: heard
    - name: Sensitive file
      sensitive: true
      file: { path: "{{ root }}/secret", content: "canary-7f3a9" }
`,
    async (scene) => {
      const { status, stderr } = scene.fanops('apply', 'play.yml', '--yes', '-e', 'api_token=canary-7f3a9');
      assert.is(status, 0, stderr);
      const journal = readFileSync(scene.journal() ?? '', 'utf8');
      assert.match(journal, '"withheld":true');
      for (const form of ['canary-7f3a9', Buffer.from('canary-7f3a9').toString('base64').replace(/=+$/, '')])
        assert.not.match(journal, form);
    },
  ));

test.run();
