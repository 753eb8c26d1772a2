import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { outerApt } from './apt-outer.ts';
import { type AptProxyOptions, startAptProxy } from './apt-proxy.ts';
import { buildBare } from './build-bare.ts';
import { buildFull } from './build-full.ts';
import { withLock } from './lock.ts';
import { bareRecipe, fullRecipe, type Layer, type Recipe, recipeId } from './recipe.ts';

/** A root file system ready to be used, as layers of an overlay. */
export interface Root {
  readonly layer: Layer;
  /** Directories, the upmost first. */
  readonly lowers: readonly string[];
}

/** Longer than any build takes. */
const BUILD_WAIT_S = 1800;

/** The root file system of a layer: from the cache, or built now. One build at a time on one machine. */
export async function ensureRoot(layer: Layer, cache: string, say: (line: string) => void): Promise<Root> {
  const { recipes, root } = await wantedRoot(layer, cache);
  if (root.lowers.every((lower) => existsSync(lower))) return root;
  await withLock(`${cache}/build.lock`, BUILD_WAIT_S, async () => {
    const proxy = await buildProxy(cache);
    try {
      const bare = root.lowers.at(-1) as string;
      await build(bare, say, 'bare', (to, work) => buildBare(recipes.bare, to, work, proxy.url));
      if (layer === 'full')
        await build(root.lowers[0] as string, say, 'full', (to, work) =>
          buildFull(recipes.full, bare, to, work, proxy.url),
        );
    } finally {
      proxy.close();
    }
  });
  return root;
}

/** Where the root file system of a layer is, or will be once it is built. */
export async function wantedRoot(
  layer: Layer,
  cache: string,
): Promise<{ root: Root; recipes: { bare: Recipe; full: Recipe } }> {
  const apt = await outerApt();
  const bare = bareRecipe(apt.sources, apt.settings);
  const full = fullRecipe(bare);
  const barePath = join(cache, 'roots', `bare-${recipeId(bare)}`);
  const fullPath = join(cache, 'roots', `full-${recipeId(bare, full)}`);
  const lowers = layer === 'bare' ? [barePath] : [fullPath, barePath];
  return { root: { layer, lowers }, recipes: { bare, full } };
}

/** Builds beside and renames at the end: what has its final name is finished. */
async function build(
  root: string,
  say: (line: string) => void,
  layer: Layer,
  make: (to: string, work: string) => Promise<void>,
): Promise<void> {
  if (existsSync(root)) return;
  const work = join(root, '..', `building-${layer}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const begun = Date.now();
  say(`building the ${layer} root file system (once; minutes)`);
  try {
    await make(join(work, 'root'), work);
    renameSync(join(work, 'root'), root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`built ${root} in ${Math.round((Date.now() - begun) / 1000)} s`);
}

/** The packages that a build fetches are kept for the hosts, which install the same ones later. */
async function buildProxy(cache: string): Promise<{ url: string; close(): void }> {
  const apt = await outerApt();
  const options: AptProxyOptions = { ...apt.proxy, address: '127.0.0.1', port: 0, cache: `${cache}/debs` };
  const server = await startAptProxy(options);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
