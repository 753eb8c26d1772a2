import { writeFileSync } from 'node:fs';
import { RELEASE } from './apt-sources.ts';
import { run } from './program.ts';
import type { Recipe } from './recipe.ts';

/** Makes the bare root file system in `root`, a path that does not exist yet; `work` is for files beside it. */
export async function buildBare(recipe: Recipe, root: string, work: string, proxy: string): Promise<void> {
  const sources = `${work}/debian.sources`;
  const after = `${work}/after.sh`;
  writeFileSync(sources, recipe.sources);
  writeFileSync(after, recipe.after);
  await run('mmdebstrap', [
    '--variant=minbase',
    '--mode=root',
    '--format=directory',
    // The lists stay: a bare host can install packages at once.
    '--skip=cleanup/apt/lists',
    `--aptopt=Acquire::http::Proxy "${proxy}"`,
    '--aptopt=APT::Install-Recommends "false"',
    ...recipe.aptSettings.map((line) => `--aptopt=${line.replace(/;$/, '')}`),
    '--dpkgopt=force-unsafe-io',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/doc/*',
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    `--customize-hook=chroot "$1" sh -e < '${after}'`,
    `--include=${recipe.packages.join(',')}`,
    RELEASE,
    root,
    sources,
  ]);
  writeFileSync(`${root}/etc/apt/apt.conf.d/99mmdebstrap`, `${recipe.aptSettings.join('\n')}\n`);
  await run('sh', ['-ec', 'rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*', 'sh', root]);
  writeFileSync(`${root}/etc/apt/sources.list.d/debian.sources`, recipe.sources);
}
