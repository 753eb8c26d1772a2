// Which segments are missing: the pure function of backup-gaps.sh.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const test = suite('backup-gaps.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/backup/backup-gaps.sh', import.meta.url));

const segment = (name: string): string => {
  const [timeline = '', number = ''] = name.split(':');
  return `${timeline.padStart(8, '0')}${number.padStart(16, '0')}`;
};

/** TIMELINE:END as backup-gaps.sh takes them. */
const steps = (path: string): string[] =>
  path
    .split(' ')
    .filter(Boolean)
    .map((step) => {
      const [timeline = '', end = ''] = step.split(':');
      return `${timeline.padStart(8, '0')}:${end}`;
    });

const CASES: readonly [
  what: string,
  first: string,
  there: readonly string[],
  missing: readonly string[],
  path?: string,
][] = [
  ['nothing is missing', '1:2', ['1:1', '1:2', '1:3'], []],
  ['a hole', '1:2', ['1:2', '1:5'], ['1:3', '1:4']],
  ['the first of the backup itself', '1:2', ['1:3'], ['1:2']],
  ['over the end of a log of 256 segments', '1:FE', ['1:FE', '1:100000001'], ['1:FF', '1:100000000']],
  ['the end of a timeline that was left', '1:2', ['1:2', '2:5', '2:6'], ['1:3', '1:4']],
  ['a timeline that was left in the middle of a segment', '1:2', ['1:2', '1:3', '2:4'], []],
  ['a recovery to an earlier point', '1:2', ['1:2', '1:3', '1:4', '2:3', '2:4'], []],
  ['older timelines do not count', '2:8', ['1:7', '2:8', '2:9'], []],
  ['an empty archive', '1:2', [], []],
  ['another member led meanwhile', '1:2', ['1:2', '1:3', '3:6'], ['2:4', '2:5'], '1:4 2:6 3:'],
  ['it led from within a segment on', '1:2', ['1:2', '1:3', '3:6'], ['2:3', '2:4', '2:5'], '1:3 2:6 3:'],
  ['two others led meanwhile', '1:2', ['1:2', '4:6'], ['1:3', '2:4', '3:5'], '1:4 2:5 3:6 4:'],
  ['a timeline that had no segment of its own', '1:2', ['1:2', '3:3'], [], '1:3 2:3 3:'],
  ['a hole in what was given up', '1:2', ['1:2', '1:5', '2:3', '2:4'], [], '1:3 2:'],
  ['what is of timelines not on the way', '1:2', ['1:2', '2:7', '3:3'], [], '1:3 3:'],
];
for (const [what, first, there, missing, path = ''] of CASES)
  test(what, () => {
    const { stdout, stderr } = spawnSync(
      'bash',
      // Its input is a socket: some builds of bash then read the settings for interactive shells.
      [
        '--norc',
        '-euc',
        '. "$0"; missing_segments "$1" 16777216 "${@:2}"',
        SCRIPT,
        segment(first),
        ...steps(path),
      ],
      { input: there.map((name) => `${segment(name)}\n`).join(''), encoding: 'utf8' },
    );
    assert.equal(stderr, '');
    assert.deepEqual(stdout.split('\n').filter(Boolean), missing.map(segment));
  });

test.run();
