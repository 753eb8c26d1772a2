import type { Touch } from '../../src/core/touch.ts';

/** What useradd and groupadd write on Debian. */
export const ACCOUNT_FILES: readonly Touch[] = [
  '/etc/passwd',
  '/etc/passwd-',
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/group',
  '/etc/group-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/subuid',
  '/etc/subuid-',
  '/etc/subgid',
  '/etc/subgid-',
].map((path) => ({ on: 'path', path }));
