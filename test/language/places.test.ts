import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mistakes, playbook } from './load.ts';

/** Every way YAML can write a text; the mistake is always found where it stands. */
const STYLES: readonly (readonly [style: string, content: string, place: string])[] = [
  ['plain', 'a {{typo}}', '5:22'],
  ['in single quotes', "'a {{typo}}'", '5:23'],
  ['in double quotes', '"a {{typo}}"', '5:23'],
  ['in double quotes with escapes', '"a\\n\\"{{typo}}"', '5:26'],
  ['in single quotes with a quote in it', "'a '' {{typo}}'", '5:26'],
  ['as a literal block', '|\n          a\n          b {{typo}}', '7:15'],
  ['as a folded block', '>-\n          a\n          b {{typo}}', '7:15'],
  ['over several plain lines', 'a\n          b {{typo}}', '6:15'],
  ['the second of two alike', '>-\n          {{port}} {{port}}\n          {{typo}} {{typo}}', '7:13'],
];

for (const [style, content, place] of STYLES)
  test(`a mistake in a text ${style} is at ${place}`, () => {
    const source = `- hosts: db\n  tasks:\n    - file:\n        path: /x\n        content: ${content}\n`;
    assert.equal(
      mistakes(() => playbook(source)),
      [
        `${place} variable \`typo\` is not defined | define it in the inventory, in \`defaults:\` or \`vars:\`, or with -e`,
      ],
    );
  });

test('a mistake in a folded condition is found in its line', () => {
  const source =
    '- hosts: db\n  tasks:\n    - command: ls\n      when: >-\n        vars.port == 1 &&\n        vars.prot == 2\n';
  assert.equal(
    mistakes(() => playbook(source)),
    ['6:14 variable `prot` is not defined | did you mean `port`?'],
  );
});

test.run();
