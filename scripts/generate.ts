// Writes what follows from the code: JSON Schemas for editors (schema/), reference pages (docs/reference/).
//   node scripts/generate.ts            writes them, removes what has no source any more
//   node scripts/generate.ts --check    says what differs, and exits 1
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { generated } from './generated.ts';

const wanted = generated();
const stale = globSync(['schema/*.json', 'docs/reference/*.md']).filter((file) => !wanted.has(file));
const differing = [...wanted].filter(
  ([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text,
);

if (process.argv.includes('--check')) {
  for (const file of [...differing.map(([file]) => file), ...stale])
    console.error(`${file}: not what the code says; run \`npm run generate\``);
  process.exitCode = differing.length + stale.length > 0 ? 1 : 0;
} else {
  for (const file of stale) rmSync(file);
  for (const [file, text] of differing) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${file}`);
  }
}
