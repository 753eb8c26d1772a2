import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Masker } from '../../src/core/masker.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { cleanEntry } from '../../src/journal/clean-entry.ts';

const CANARY = 'canary-7f3a9';

test('a known secret is masked wherever it stands in an entry, as a name too', () => {
  const masker = new Masker();
  masker.add(Secret.open(CANARY));
  const entry = cleanEntry(
    {
      type: 'command-ended',
      key: 'run.1',
      number: 0,
      result: {
        status: 1,
        stdout: `got ${CANARY}`,
        stderr: Buffer.from(CANARY).toString('base64'),
        truncated: false,
        durationMs: 1,
      },
      ...{ value: [{ [CANARY]: `x${CANARY}` }] },
    },
    (text) => masker.mask(text),
  );
  const text = JSON.stringify(entry);
  assert.not.match(text, CANARY);
  assert.not.match(text, Buffer.from(CANARY).toString('base64').replace(/=+$/, ''));
  assert.match(text, `"${MASK}":"x${MASK}"`);
});

test('a secret that looks like a word of ours does not break the journal', () => {
  const masker = new Masker();
  for (const word of ['lease-released', 'host', 'db10']) masker.add(Secret.open(word));
  assert.equal(
    cleanEntry({ type: 'lease-released', host: 'db10' }, (text) => masker.mask(text)),
    { type: 'lease-released', host: 'db10' },
  );
});

test.run();
