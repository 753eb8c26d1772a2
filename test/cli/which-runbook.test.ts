import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { commandsOf, whichRunbook } from '../../src/cli/which-runbook.ts';
import { inFolder } from './folder.ts';
import { onTerminal } from './on-terminal.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

const CASES = [
  [false, 'none', false, 'recover-cluster.yml'],
  [true, 'none', true, 'recover-cluster.yml'],
  [true, 'all', true, 'recover-pitr.yml'],
  [false, 'some', true, 'recover-pitr.yml'],
  [true, 'some', false, 'recover-node.yml'],
  [true, 'all', false, 'diagnose.yml'],
  [false, 'some', false, 'diagnose.yml'],
  [false, 'all', false, 'diagnose.yml'],
] as const;

for (const [isServing, withData, isMistake, runbook] of CASES)
  test(`serving ${isServing}, ${withData} with data, by mistake ${isMistake}: ${runbook}`, () => {
    assert.is(whichRunbook({ isServing, withData, isMistake }).runbook, runbook);
  });

test('every runbook that is named is there', () => {
  for (const [, , , runbook] of CASES) assert.ok(existsSync(`playbooks/${runbook}`), runbook);
});

/** Nobody answers there. */
const HOSTS =
  'all: { children: { db: { hosts: { db1: { ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody } } } } }';

const COMMANDS = CASES.map(([isServing, withData, isMistake]) =>
  commandsOf(whichRunbook({ isServing, withData, isMistake })),
);

for (const command of new Set(COMMANDS.map(([plan]) => plan)))
  test(`${command}, filled in, comes as far as the hosts`, () => {
    const filled = command
      .replace(/^fanops/, BIN)
      .replace(/\S+\.yml/, (name) => resolve('playbooks', name))
      .replace('NODE', 'db1')
      .replace('YYYY-MM-DD HH:MM:SS+HH:MM', '2026-01-29 12:00:00+01:00');
    inFolder({ 'hosts.yml': HOSTS }, (folder) => {
      const env = { PATH: process.env.PATH, HOME: folder };
      const line = `${filled} -i hosts.yml`;
      const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder, env, encoding: 'utf8' });
      assert.match(stdout + stderr, 'refuses the connection');
    });
  });

test('what is run is what was planned', () => {
  for (const [plan, run] of COMMANDS) assert.is(run, plan.replace('fanops plan ', 'fanops run '));
});

test('on a terminal it prints what to type, and what is to be filled in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-which-'));
  try {
    const { status, text } = await onTerminal(folder, 'run', ') ', ['yes', 'all', 'yes']);
    assert.is(status, 0, text);
    const options = '-e target=NODE -e at="YYYY-MM-DD HH:MM:SS+HH:MM"';
    assert.match(text, `  fanops plan recover-pitr.yml ${options}    what it would do; changes nothing\n`);
    assert.match(text, `  fanops run recover-pitr.yml ${options}\n\nNODE: one with room on its disk`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a terminal the runbooks are named, and nothing is asked', () => {
  const { status, stderr } = spawnSync(BIN, ['run'], { cwd: '/', input: '', encoding: 'utf8' });
  assert.is(status, 1);
  for (const [runbook] of stderr.matchAll(/[a-z0-9-]+\.yml/g))
    assert.ok(existsSync(`playbooks/${runbook}`), runbook);
  const recoveries = globSync('{recover-*,rejoin-node}.yml', { cwd: 'playbooks' });
  for (const runbook of [...recoveries, ...CASES.map(([, , , named]) => named)])
    assert.match(stderr, runbook);
});

test.run();
