import { createHash } from 'node:crypto';

/** A function that gives a number from 0 below 1 each time, the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let i = 0;
  return () => createHash('sha256').update(`${seed} ${i++}`).digest().readUInt32LE(0) / 2 ** 32;
}
