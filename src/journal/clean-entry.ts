import type { JournalEntry } from '../core/journal.ts';

/** By these a run is taken up again: they hold no value of anybody's, and must stay as they are. */
const IDENTITIES = new Set(['type', 'id', 'key', 'step', 'host', 'hosts', 'sha256', 'digest']);

type Mask = (text: string) => string;

/** The last line of defence: every text of an entry with the known secrets masked. */
export function cleanEntry(entry: JournalEntry, mask: Mask): JournalEntry {
  return clean(entry, mask) as JournalEntry;
}

function clean(value: unknown, mask: Mask): unknown {
  return eachIn(value, mask, clean, (name, of) => {
    if (IDENTITIES.has(name)) return [name, of];
    return [name, name === 'value' ? cleanValue(of, mask) : clean(of, mask)];
  });
}

/** What was registered: its names are somebody's, too. */
function cleanValue(value: unknown, mask: Mask): unknown {
  return eachIn(value, mask, cleanValue, (name, of) => [mask(name), cleanValue(of, mask)]);
}

function eachIn(
  value: unknown,
  mask: Mask,
  deeper: (value: unknown, mask: Mask) => unknown,
  field: (name: string, of: unknown) => [string, unknown],
): unknown {
  if (typeof value === 'string') return mask(value);
  if (Array.isArray(value)) return value.map((one) => deeper(one, mask));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => field(name, of)));
}
