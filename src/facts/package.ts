import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, found, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** An installed Debian package; not installed (or only its configuration left) is absent. */
export interface PackageInfo {
  readonly version: string;
  /** `apt-mark hold`: apt does not touch it. */
  readonly held: boolean;
}

export const packageKind: FactKind<string, PackageInfo> = {
  name: 'package',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const format = '${Package}\\t${binary:Package}\\t${db:Status-Abbrev}\\t${Version}\\n';
    const script = lines(PROLOGUE, sh`dpkg-query -W -f ${format} -- ${subjects}`, sh`printf 'end %d\\n' $?`);
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const rows = answer.stdout.toString('utf8').split('\n');
    const status = /^end ([01])$/.exec(rows.at(-2) ?? '');
    // 0: all known; 1: some unknown; else there is no dpkg, or its database cannot be read.
    if (!status) {
      const reason = answer.stderr.trim().split('\n').at(-1) || `exit status ${answer.status}`;
      return subjects.map(() => unreadable(`dpkg-query did not answer: ${reason}`));
    }
    const packages = rows.map((row) => row.split('\t'));
    return subjects.map((subject) => {
      const own = packages.filter(([name, qualified]) => name === subject || qualified === subject);
      const installed = own.find(([, , abbreviation]) => abbreviation?.[1] === 'i');
      if (!installed) return ABSENT;
      return found({ version: installed[3] ?? '', held: installed[2]?.[0] === 'h' });
    });
  },

  dependsOn: (subject) => [{ on: 'package', name: subject }],
};

export function packageFact(name: string): FactRequest<PackageInfo> {
  return { kind: 'package', subject: name };
}
