// What greps the logs of the backup scripts can trust the level: a script says info, warning or error, and no other word.
import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const MESSAGE = /(?:^ *|[;{&|(] ?|then |else |do )log (\w+) /gm;

test('every message of a script is of one of the three levels', () => {
  const said = globSync('templates/**/*.sh').flatMap((file) => {
    const code = readFileSync(file, 'utf8').replace(/^\s*#.*/gm, '');
    return [...code.matchAll(MESSAGE)].map(([, level = '']) => ({ file, level }));
  });
  assert.ok(said.length > 80, `only ${said.length} messages were found`);
  assert.equal(
    said.filter(({ level }) => !['info', 'warning', 'error'].includes(level)),
    [],
  );
});

test.run();
