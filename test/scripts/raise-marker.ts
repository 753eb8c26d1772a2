// The marker of a restore that has begun: scripts of templates/recovery tell by its time what is older than it.
import { statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Later than all before it, and earlier than all after it, by the clock of files' times, which goes in steps of some milliseconds. */
export function raiseMarker(marker: string): void {
  let last = 0n;
  for (const file of [join(dirname(marker), 'before'), marker, join(dirname(marker), 'after')]) {
    do writeFileSync(file, '');
    while (statSync(file, { bigint: true }).mtimeNs <= last);
    last = statSync(file, { bigint: true }).mtimeNs;
  }
}
