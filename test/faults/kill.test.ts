// The controller is killed at every line of its journal, and the run is taken up. FANOPS_KILLS=all: at each of them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Scene } from './killed-run.ts';

const KILLS = process.env.FANOPS_KILLS ?? '6';

/** Counting is not idempotent; what is registered is used later; a handler is due; one task is skipped. */
const PLAYBOOK = `
- name: count
  hosts: all
  tasks:
    - name: Count
      command: { argv: [sh, -c, "echo x >> {{ root }}/count; wc -l < {{ root }}/count"] }
      register: counted
      notify: tell
    - name: Keep it
      file: { path: "{{ root }}/kept", content: "{{ counted.stdout }}\\n" }
      notify: tell
    - name: Count each
      command: { argv: [sh, -c, "echo {{ item }} >> {{ root }}/each"] }
      loop: [one, two, three]
    - name: Not this
      command: { argv: [sh, -c, "echo no >> {{ root }}/count"] }
      when: counted.stdout != "1"
    - name: Once for all
      run_once: true
      command: { argv: [sh, -c, "echo all >> {{ root }}/all"] }
  handlers:
    - name: tell
      command: { argv: [sh, -c, "echo told >> {{ root }}/told"] }
- name: after
  hosts: h2
  tasks:
    - name: After
      command: { argv: [sh, -c, "echo after >> {{ root }}/count"] }
`;

const WANTED = {
  count: ['x\n', 'x\nafter\n'],
  kept: ['1\n', '1\n'],
  each: ['one\ntwo\nthree\n', 'one\ntwo\nthree\n'],
  all: ['all\n', ''],
  told: ['told\n', 'told\n'],
};

function outcome(scene: Scene) {
  return Object.fromEntries(Object.keys(WANTED).map((name) => [name, scene.read(name)]));
}

function recap(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => /^h\d : /.test(line))
    .sort();
}

/** The whole run without an accident: how many lines its journal has, and how it ends. */
function undisturbed(): { readonly lines: number; readonly recap: readonly string[] } {
  const scene = new Scene(PLAYBOOK);
  try {
    const { status, stderr } = scene.fanops('apply', 'play.yml', '--yes');
    assert.is(status, 0, stderr);
    assert.equal(outcome(scene), WANTED);
    assert.is(scene.fanops('resume', 'last').status, 1, 'what is done is not taken up');
    return { lines: scene.lines(), recap: recap(stderr) };
  } finally {
    scene.remove();
  }
}

const whole = undisturbed();

/** All, or so many spread evenly. */
function chosen(): number[] {
  const all = Array.from({ length: whole.lines }, (_, index) => index + 1);
  if (KILLS === 'all') return all;
  const count = Number(KILLS);
  return Array.from({ length: count }, (_, index) => all[Math.floor((index * all.length) / count)] as number);
}

async function killAndResume(line: number): Promise<boolean> {
  const scene = new Scene(PLAYBOOK);
  try {
    const wasKilled = await scene.killedAt(line, 'apply', 'play.yml', '--yes');
    // It may have written its last line before it was killed.
    if (!wasKilled || scene.fanops('runs', 'show', 'last').stdout.includes('ended: done')) return false;
    const { status, stderr } = scene.fanops('resume', 'last');
    assert.is(status, 0, `killed at line ${line}:\n${stderr}`);
    assert.equal(outcome(scene), WANTED, `killed at line ${line}:\n${stderr}`);
    assert.equal(recap(stderr), whole.recap, `killed at line ${line}`);
    assert.equal(scene.pending(), [], `killed at line ${line}`);
    return true;
  } finally {
    scene.remove();
  }
}

test(`killed at ${KILLS} of ${whole.lines} lines of its journal and taken up, a run ends as if nothing had happened`, async () => {
  let killed = 0;
  for (const line of chosen()) if (await killAndResume(line)) killed += 1;
  process.stdout.write(`\n  killed ${killed} times\n`);
  assert.ok(killed > 0);
});

test('killed again and again while it is taken up, it ends the same', async () => {
  const scene = new Scene(PLAYBOOK);
  try {
    await scene.killedAt(6, 'apply', 'play.yml', '--yes');
    for (let more = 0; more < 4; more += 1) await scene.killedAt(scene.lines() + 4, 'resume', 'last');
    const { status, stderr } = scene.fanops('resume', 'last');
    if (status !== 1) assert.is(status, 0, stderr);
    assert.equal(outcome(scene), WANTED, stderr);
  } finally {
    scene.remove();
  }
});

test.run();
