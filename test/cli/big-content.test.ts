import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** Ten MiB of what every quoting changes. */
const BIG = 'quotes \' " $(x) `id` \\ ü -rf\n'.repeat(360_000);

test('ten MiB of content and of stdin arrive to the byte, and are not shown', () => {
  const tasks = [
    { file: { path: '{{base}}/file', content: '{{big}}', mode: '0600' } },
    { command: { argv: ['tee', '{{base}}/command'], stdin: '{{big}}' }, sensitive: true },
    { shell: { cmd: 'cat >{{quote base}}/shell', stdin: '{{big}}' } },
    { copy: { dest: '{{base}}/copy', content: '{{big}}', mode: '0600' } },
  ];
  inFolder(
    { 'big.yml': JSON.stringify({ big: BIG }), 'p.yml': JSON.stringify([{ hosts: 'h', tasks }]) },
    (folder) => {
      const host = {
        ansible_connection: 'local',
        fanops_state_dir: `${folder}/lib`,
        fanops_run_dir: `${folder}/run`,
      };
      writeFileSync(
        join(folder, 'hosts.yml'),
        JSON.stringify({ all: { hosts: { h: host }, vars: { base: folder } } }),
      );
      const env = { PATH: process.env.PATH, HOME: process.env.HOME };
      const argv = ['apply', 'p.yml', '-i', 'hosts.yml', '-e', '@big.yml', '--yes'];
      const { status, stdout, stderr } = spawnSync(BIN, argv, {
        cwd: folder,
        env,
        input: '',
        encoding: 'utf8',
      });
      assert.is(status, 0, stderr.slice(-3000));
      for (const name of ['file', 'command', 'shell', 'copy'])
        assert.ok(readFileSync(join(folder, name), 'utf8') === BIG, `${name} differs`);
      assert.ok(stdout.length + stderr.length < 20_000, 'it shows what it should not');
    },
  );
});

test.run();
