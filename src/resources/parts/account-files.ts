import type { Touch } from '../../core/touch.ts';

/** What useradd and its kin write. */
export const ACCOUNT_FILES: readonly Touch[] = [
  'passwd',
  'shadow',
  'group',
  'gshadow',
  'subuid',
  'subgid',
].flatMap((name): Touch[] => [
  { on: 'path', path: `/etc/${name}` },
  { on: 'path', path: `/etc/${name}-` },
]);
