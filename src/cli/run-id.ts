import { randomBytes } from 'node:crypto';

/**
 * Sorts by time, to the millisecond, so that `last` is the last of several in one second; new also for two controllers
 * in one millisecond: `20261123-003025-1f4a91c`, the milliseconds in its first three digits behind the second.
 */
export function newRunId(now: Date): string {
  const [date, time] = now.toISOString().slice(0, 19).replace(/[-:]/g, '').split('T');
  const milliseconds = now.getUTCMilliseconds().toString(16).padStart(3, '0');
  return `${date}-${time}-${milliseconds}${randomBytes(2).toString('hex')}`;
}
