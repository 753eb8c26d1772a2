import { join } from 'node:path';
import { Secret } from '../../src/core/secret.ts';
import { NAMES, specimen } from './install-specimens.ts';
import type { Specimen } from './specimens.ts';

/** Specimens of what runs programs. */
export const PROGRAM_SPECIMENS: readonly Specimen[] = [
  ...NAMES.flatMap((name) => [
    specimen(
      'shell',
      `told ${JSON.stringify(name)} by its environment`,
      'run',
      (dir) => ({ cmd: '[ "$A" = "$B" ]', environment: { A: name, B: name }, creates: join(dir, name) }),
      true,
    ),
    specimen(
      'script',
      `told ${JSON.stringify(name)}`,
      'run',
      (dir) => ({
        src: name,
        content: Secret.open(`#!/bin/sh\n# ${name.replaceAll('\n', ' ')}\n[ "$1" = "$A" ]`),
        args: [name],
        environment: { A: name },
        unless: ['test', '-e', join(dir, name)],
      }),
      true,
    ),
    specimen(
      'command',
      `asked ${JSON.stringify(name)} before`,
      'none',
      () => ({ cmd: 'false', only_if: ['test', name, '=', 'x'] }),
      true,
    ),
  ]),
  specimen('wait_for', 'a page that nobody serves', 'run', () => ({ url: 'http://127.0.0.1:1/', body: 'x' })),
  specimen('shell', 'that is done already', 'none', () => ({ cmd: 'false', unless: 'echo a | grep -q a' })),
];
