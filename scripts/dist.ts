// Makes one tarball that needs nothing but a Debian 12: fanops compiled, Node inside, playbooks, templates, pages.
//   node scripts/dist.ts [--out=FOLDER]      default: dist
// Writes FOLDER/fanops-VERSION-linux-x64.tar.gz and its .sha256, and prints the path. The same input gives the same
// bytes: names are sorted, times and owners fixed, and nothing of the machine gets in.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { compile } from './dist-compile.ts';
import { licencesText } from './dist-licences.ts';

/** Goes in as it is. */
const CONTENT = [
  'bin/**',
  'playbooks/**',
  'templates/**',
  'inventory/**',
  'examples/**',
  'docs/**',
  'schema/**',
  '*.md',
  'LICENSE',
];
/** Read or started at run time from beside the compiled code. */
const BESIDE_CODE = ['src/transport/*.sh', 'src/lab/*.sh'];
/** Of every file in the tarball: seconds since 1970, 2026-01-01. */
const MTIME = process.env.SOURCE_DATE_EPOCH ?? '1767225600';

const root = resolve(import.meta.dirname, '..');
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } });
const { name, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = `${name}-${version}-linux-x64`;

mkdirSync(values.out, { recursive: true });
const staging = mkdtempSync(join(values.out, '.staging-'));
try {
  await fill(join(staging, folder));
  console.log(pack(staging, resolve(values.out, `${folder}.tar.gz`)));
} finally {
  rmSync(staging, { recursive: true });
}

async function fill(to: string): Promise<void> {
  for (const file of files(CONTENT)) copy(file, join(to, file));
  const lib = join(to, 'lib');
  for (const file of files(BESIDE_CODE)) copy(file, join(lib, basename(file)));
  copy('node_modules/node/bin/node', join(lib, 'node'));
  const packages = await compile(root, lib);
  writeFileSync(join(to, 'THIRD-PARTY.txt'), licencesText(root, packages));
}

/** What git knows: an inventory of somebody's own, or a key's copy, that lies in the folder is not packed. */
function files(patterns: readonly string[]): string[] {
  const globs = patterns.map((pattern) => `:(glob)${pattern}`);
  const list = ['ls-files', '-z', '--cached', '--deduplicate', '--'];
  return execFileSync('git', [...list, ...globs], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(root, from), to);
}

function pack(from: string, tarball: string): string {
  const program = ['bin/fanops', 'lib/node'];
  for (const file of program) chmodSync(join(from, folder, file), 0o755);
  const tar = [
    ...['--sort=name', `--mtime=@${MTIME}`, '--owner=0', '--group=0', '--numeric-owner'],
    ...['--format=ustar', '--mode=u=rwX,go=rX', '-C', from, '-cf', '-', folder],
  ];
  execFileSync('sh', ['-c', 'tar "$@" | gzip -n -6 >"$0.part"', tarball, ...tar], { stdio: 'inherit' });
  execFileSync('mv', [`${tarball}.part`, tarball]);
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  writeFileSync(`${tarball}.sha256`, `${sha256}  ${basename(tarball)}\n`);
  return tarball;
}
