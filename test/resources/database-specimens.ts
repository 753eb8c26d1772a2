import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../src/core/secret.ts';
import { NAMES, specimen } from './install-specimens.ts';
import type { Specimen } from './specimens.ts';

/** Specimens of what concerns a PostgreSQL; its programs are stubs. */
export const DATABASE_SPECIMENS: readonly Specimen[] = NAMES.flatMap((name) => [
  specimen(
    'postgresql_query',
    `told ${JSON.stringify(name)}`,
    'run',
    () => ({
      query: ['SELECT 1', 'SELECT :a AS a, :b AS b'],
      parameters: { a: name, b: Secret.open(`${name} hunter22`) },
      db: name,
      user: name,
    }),
    true,
  ),
  specimen(
    'postgresql_hba',
    `about ${JSON.stringify(name)}`,
    'update',
    (dir) => {
      const path = join(dir, name);
      writeFileSync(path, 'local all all peer\n');
      const line = name.replaceAll('\n', ' ');
      const rule = { type: 'host', user: line, database: [line], address: 'all', method: 'ident' };
      return { path, rules: [{ ...rule, options: { map: line } }] };
    },
    true,
  ),
]);
