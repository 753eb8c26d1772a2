import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FrameReader } from '../../src/transport/frames.ts';

const NONCE = '@abc@';
const STREAM = `one@ab${NONCE} 1 0\n${NONCE} 2 3 words\ntwo\n@ab@ab${NONCE} 4\nrest@`;

function read(chunks: readonly Buffer[]): string[] {
  const seen: string[] = [];
  let data = '';
  const reader = new FrameReader(
    NONCE,
    (chunk) => {
      data += chunk.toString();
    },
    (words) => {
      seen.push(data, `mark ${words}`);
      data = '';
    },
  );
  for (const chunk of chunks) reader.push(chunk);
  return [...seen, data];
}

test('marks are found wherever the stream is broken', () => {
  const whole = Buffer.from(STREAM);
  const expected = ['one@ab', 'mark 1 0', '', 'mark 2 3 words', 'two\n@ab@ab', 'mark 4', 'rest'];
  assert.equal(read([whole]), expected);
  for (let size = 1; size < whole.length; size += 1) {
    const count = Math.ceil(whole.length / size);
    const chunks = Array.from({ length: count }, (_, i) => whole.subarray(i * size, (i + 1) * size));
    assert.equal(read(chunks), expected, `chunks of ${size}`);
  }
});

test('data is handed on as it comes', () => {
  assert.equal(read([Buffer.from('abc')]), ['abc']);
});

test.run();
