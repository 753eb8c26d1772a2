import { StringDecoder } from 'node:string_decoder';

type Stream = 'stdout' | 'stderr';

/** Cuts chunks of output into whole lines, so that a secret is never shown in two halves. */
export function lineSplitter(onLine: (id: string, stream: Stream, line: string) => void) {
  const open = new Map<string, { decoder: StringDecoder; rest: string }>();
  const keyOf = (id: string, stream: Stream): string => `${stream} ${id}`;
  return {
    push(id: string, stream: Stream, chunk: Buffer): void {
      const state = open.get(keyOf(id, stream)) ?? { decoder: new StringDecoder('utf8'), rest: '' };
      const lines = (state.rest + state.decoder.write(chunk)).split('\n');
      state.rest = lines.pop() ?? '';
      open.set(keyOf(id, stream), state);
      for (const line of lines) onLine(id, stream, line);
    },
    /** Hands out what was not ended by a newline. */
    end(id: string): void {
      for (const stream of ['stdout', 'stderr'] as const) {
        const state = open.get(keyOf(id, stream));
        if (!state) continue;
        const rest = state.rest + state.decoder.end();
        if (rest !== '') onLine(id, stream, rest);
        open.delete(keyOf(id, stream));
      }
    },
  };
}
