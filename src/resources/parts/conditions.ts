/** A condition as the language evaluated it. */
export type Judged = {
  readonly expression: string;
  readonly holds: boolean;
  /** What it read, where it does not hold. */
  readonly seen?: string;
};

/** `a == b; c (a is 1)`: those that do not hold. */
export function brokenText(that: readonly Judged[]): string {
  return that
    .filter((one) => !one.holds)
    .map(({ expression, seen }) => (seen === undefined ? expression : `${expression} (${seen})`))
    .join('; ');
}
