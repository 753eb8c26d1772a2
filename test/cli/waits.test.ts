import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inFolder } from './folder.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** Applies so many files that are not there yet, and says how often it waited for an answer of the host. */
function waitsFor(files: number): number {
  return inFolder({}, (folder) => {
    const tasks = [
      { directory: { path: `${folder}/made` } },
      ...Array.from({ length: files }, (_, n) => ({
        file: { path: `${folder}/made/f${n}`, content: `${n}\n` },
      })),
    ];
    const local = {
      ansible_connection: 'local',
      fanops_state_dir: `${folder}/state`,
      fanops_run_dir: `${folder}/run`,
    };
    const { status, stderr } = spawnSync(
      BIN,
      [
        'apply',
        write(folder, 'play.yml', [{ hosts: 'here', tasks }]),
        '-i',
        write(folder, 'hosts.yml', { all: { hosts: { here: local } } }),
        '--yes',
        '--stats',
      ],
      { encoding: 'utf8', input: '' },
    );
    assert.is(status, 0, stderr);
    return Number(/^here +(\d+) /m.exec(stderr)?.[1]);
  });
}

function write(folder: string, name: string, value: unknown): string {
  const file = `${folder}/${name}`;
  writeFileSync(file, JSON.stringify(value));
  return file;
}

test('applying forty new files waits for the host no more often than applying four', () => {
  const few = waitsFor(4);
  assert.ok(few > 0);
  assert.is(waitsFor(40), few);
});

test.run();
