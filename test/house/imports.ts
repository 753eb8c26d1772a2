import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';

/** One import of one file: of another file of ours (a path from the root of the project), or of a package. */
export interface Import {
  readonly from: string;
  readonly line: number;
  readonly to: { readonly file: string } | { readonly package: string };
}

/** Every import under `src`, static or dynamic, of types too. */
export function importsOfSource(): Import[] {
  return globSync('src/**/*.ts')
    .sort()
    .flatMap((file) => importsIn(file, readFileSync(file, 'utf8')));
}

export function importsIn(file: string, text: string): Import[] {
  return [
    ...text.matchAll(/^(?!\s*(?:\/\/|\*|\/\*)).*?(?<!['"-])\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/gm),
  ]
    .map((match) => ({
      from: file,
      line: text.slice(0, match.index).split('\n').length,
      specifier: match[2] ?? '',
    }))
    .filter(({ specifier }) => !isBuiltin(specifier))
    .map(({ from, line, specifier }) => ({
      from,
      line,
      to: specifier.startsWith('.')
        ? { file: normalize(join(dirname(file), specifier)) }
        : { package: packageOf(specifier) },
    }));
}

/** The folder under `src` that a file belongs to. */
export function folderOf(file: string): string {
  return /^src\/([^/]+)\//.exec(file)?.[1] ?? '';
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
