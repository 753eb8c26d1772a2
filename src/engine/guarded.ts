import { Unknown, unknownIn, type Value } from '../core/value.ts';

/** Thrown when a resource reads an argument that is not known yet. */
class UnknownRead extends Error {
  readonly unknown: Unknown;

  constructor(unknown: Unknown) {
    super(`read what is ${unknown}`);
    this.unknown = unknown;
  }
}

type Args = { readonly [name: string]: Value };

/**
 * Asks a resource something about arguments that may be unknown in part. The answer is Unknown exactly
 * when it would have depended on one that is.
 */
export function ask<T>(args: Args, question: (args: never) => T): T | Unknown {
  try {
    return question(guarded(args) as never);
  } catch (error) {
    if (error instanceof UnknownRead) return error.unknown;
    throw error;
  }
}

function guarded(args: Args): Args {
  if (!unknownIn(args as Value)) return args;
  return new Proxy(args, {
    get(target, name) {
      const value = typeof name === 'string' ? target[name] : undefined;
      const unknown = unknownIn(value);
      if (unknown instanceof Unknown) throw new UnknownRead(unknown);
      return value;
    },
  });
}
