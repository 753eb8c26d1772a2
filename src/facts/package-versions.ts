import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** Which versions of a Debian package the lists of apt on the host name, in their order, each once. */
export interface PackageVersions {
  readonly available: readonly string[];
}

export const packageVersions: FactKind<string, PackageVersions> = {
  name: 'package_versions',
  scope: 'host',
  timeoutMs: 60_000,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      sh`for p in ${subjects}; do said=$(apt-cache madison -- "$p" 2>&1); printf 'madison\\0%s\\0%d\\0%s\\0' "$p" $? "$said"; done`,
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { madison: 3 }), 'madison');
    return subjects.map((subject) => {
      const [, status, said = ''] = answers.get(subject) ?? [];
      if (status === undefined) return unanswered(answer, `package ${subject}`);
      if (status !== '0') return unreadable(`apt-cache did not answer: ${said.split('\n')[0]}`);
      const rows = said.split('\n').map((row) => row.split(' | ').map((part) => part.trim()));
      const versions = rows.flatMap(([, version, from]) => (version && from ? [version] : []));
      return found({ available: [...new Set(versions)] });
    });
  },

  // Lists of packages are fetched by what changes "anything"; nothing else alters them.
  dependsOn: () => [{ on: 'path', path: '/var/lib/apt/lists', below: true }],
};

export function packageVersionsFact(name: string): FactRequest<PackageVersions> {
  return { kind: 'package_versions', subject: name };
}
