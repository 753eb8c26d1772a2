import type { AptProxyOptions } from './apt-proxy.ts';
import { debianSources, outerSources, renderSources } from './apt-sources.ts';
import { attempt } from './program.ts';

/** What the lab takes over from the outer machine's apt. */
export interface OuterApt {
  /** The `debian.sources` of the hosts. */
  readonly sources: string;
  /** Settings about the age of indexes, which belong to the mirror. */
  readonly settings: readonly string[];
  readonly proxy: Pick<AptProxyOptions, 'upstreams' | 'via'>;
}

export async function outerApt(): Promise<OuterApt> {
  const outer = outerSources();
  const debian = debianSources(outer);
  const configured = (await attempt('apt-config', ['dump'])).stdout.split('\n');
  const via = /^Acquire::http::Proxy "(http:\/\/.+)";$/m.exec(configured.join('\n'))?.[1];
  return {
    sources: renderSources(debian),
    settings: configured.filter((line) => /^Acquire::Check-(Valid-Until|Date) /.test(line)),
    proxy: {
      upstreams: Object.fromEntries(
        [...outer, ...debian].map(({ uri }) => {
          const url = new URL(uri);
          return [url.host, url.protocol === 'https:' ? 'https:' : 'http:'] as const;
        }),
      ),
      ...(via === undefined ? {} : { via }),
    },
  };
}
