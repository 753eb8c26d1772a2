import { build } from 'esbuild';

/** Started by name: the program itself, and the lab's proxy, which outlives it. */
const PROGRAMS = ['src/cli/main.ts', 'src/lab/apt-proxy-main.ts'];

/** ssh2 tries these natively compiled parts, and does without. */
const OPTIONAL = ['cpu-features', '*.node'];

/** What Node gives to packages in the old format, and not to those in the new one that they become. */
const OLD_FORMAT = [
  "import { createRequire as fanopsRequire } from 'node:module';",
  'const require = fanopsRequire(import.meta.url), __dirname = import.meta.dirname;',
].join('\n');

/**
 * Compiles fanops with all its packages into a few files in `to`, those for rare commands apart, so that they are
 * loaded only when needed. Gives the folders of the packages that went in, relative to `root`, sorted.
 */
export async function compile(root: string, to: string): Promise<string[]> {
  const { warnings, metafile } = await build({
    absWorkingDir: root,
    entryPoints: PROGRAMS,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outdir: to,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    external: OPTIONAL,
    banner: { js: OLD_FORMAT },
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
  });
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join('\n'));
  const folders = Object.keys(metafile.inputs).flatMap((file) => packageFolder(file) ?? []);
  return [...new Set(folders)].sort();
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` is of `node_modules/a/node_modules/@b/c`. */
function packageFolder(file: string): string | undefined {
  return /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}
