import type { Position } from '../core/diagnostic.ts';
import type { Touch } from '../core/touch.ts';
import type { Fields } from './fields.ts';
import type { Problems } from './problems.ts';

/** What the author says that a task alters, where that is less than its resource says. */
export function readTouches(fields: Fields, problems: Problems): Touch[] | undefined {
  if (!fields.entry('touches')) return undefined;
  return fields
    .texts('touches')
    .map((node) => touchOf(String(node.value), node.position, problems))
    .filter((touch) => touch !== undefined);
}

function touchOf(text: string, position: Position, problems: Problems): Touch | undefined {
  if (text === 'anything') return { on: 'anything' };
  if (text.startsWith('/')) return { on: 'path', path: text };
  const match = /^(unit|account|package|cluster):(.+)$/.exec(text);
  if (match) return { on: match[1] as 'unit', name: fullName(match[1] ?? '', match[2] ?? '') };
  problems.error(
    `\`touches\` has no kind \`${text}\``,
    position,
    'write anything, an absolute path, unit:NAME, account:NAME, package:NAME or cluster:NAME',
  );
  return undefined;
}

/** As systemctl has it: `etcd` means `etcd.service`. */
function fullName(kind: string, name: string): string {
  return kind === 'unit' && !name.includes('.') ? `${name}.service` : name;
}
