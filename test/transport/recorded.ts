import type { BatchListener } from '../../src/core/session.ts';

/** A listener that writes down what it hears. */
export function recorded() {
  const calls: string[] = [];
  const chunks = new Map<string, Buffer[]>();
  const listener: BatchListener = {
    started: (id) => void calls.push(`started ${id}`),
    finished: (id, result) => void calls.push(`finished ${id} ${result.status}`),
    contact: (state) => void calls.push(`contact ${state}`),
    output(id, stream, chunk) {
      const key = `${id} ${stream}`;
      chunks.set(key, [...(chunks.get(key) ?? []), chunk]);
    },
  };
  const bytes = (id: string, stream: 'stdout' | 'stderr') =>
    Buffer.concat(chunks.get(`${id} ${stream}`) ?? []);
  return {
    calls,
    listener,
    bytes,
    text: (id: string, stream: 'stdout' | 'stderr') => bytes(id, stream).toString(),
  };
}
