import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder, localHost } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** A playbook whose probe leaves a trace, as no probe should: who asks whom is seen by it. */
function withProbe(
  use: (folder: string, fanops: (...argv: string[]) => { status: number | null; said: string }) => void,
) {
  inFolder(
    {
      'play.yml': `- hosts: here
  tasks:
    - name: Make it
      shell: {cmd: "echo made >>'{{base}}/made'", unless: "echo asked >>'{{base}}/asked'; test -e '{{base}}/made'"}
    - name: Make it with a script
      script: {src: make.sh, args: ["{{base}}/with a script"], creates: "{{base}}/with a script"}
`,
      'make.sh': '#!/bin/bash\n[[ $BASH ]] && echo "$@" >"$1"\n',
    },
    (folder) => {
      writeFileSync(
        `${folder}/hosts.yml`,
        `all: {hosts: {here: ${localHost(folder)}}, vars: {base: ${folder}}}\n`,
      );
      use(folder, (...argv) => {
        const run = spawnSync(BIN, [...argv, 'play.yml', '-i', 'hosts.yml'], {
          cwd: folder,
          encoding: 'utf8',
          input: '',
        });
        return { status: run.status, said: run.stdout + run.stderr };
      });
    },
  );
}

test('a plan asks the probes, unless it must not', () =>
  withProbe((folder, fanops) => {
    const without = fanops('plan', '--no-user-probes');
    assert.is(without.status, 0, without.said);
    assert.match(without.said, 'whether `unless` holds was not asked (--no-user-probes)');
    assert.match(without.said, '0 to run, 2 unknown, 0 blocked');
    assert.not.ok(existsSync(`${folder}/asked`));
    const asked = fanops('plan');
    assert.match(asked.said, '1 to run, 1 unknown, 0 blocked');
    assert.ok(existsSync(`${folder}/asked`));
  }));

test('what a probe says is done is not done again', () =>
  withProbe((folder, fanops) => {
    for (const _ of [1, 2]) {
      const { status, said } = fanops('apply', '--yes');
      assert.is(status, 0, said);
    }
    assert.is(readFileSync(`${folder}/made`, 'utf8'), 'made\n');
    assert.is(readFileSync(`${folder}/with a script`, 'utf8'), `${folder}/with a script\n`);
  }));

test.run();
