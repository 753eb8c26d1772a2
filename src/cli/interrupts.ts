/** What the operator's ^C (or a TERM) leads to, the first time and the second. */
export interface Interrupts {
  first(): void;
  second(): void;
  /** Third and later: stop waiting for anything. */
  third(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Listens until the returned function is called. */
export function onInterrupt(interrupts: Interrupts): () => void {
  const steps = [interrupts.first, interrupts.second];
  const listener = () => (steps.shift() ?? interrupts.third)();
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
