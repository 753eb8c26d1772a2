import { posix } from 'node:path';
import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactRequest, FactView, Looked } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, type Script, sh, Script as Text } from '../core/shell.ts';
import { contentFact } from '../facts/content.ts';
import { type PathInfo, pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import { type Body, bodyOf } from './parts/body.ts';
import { checkArrived, privateDirectory } from './parts/replace.ts';
import { absolutePath, accountName, object, SOURCE, text } from './parts/schema.ts';

export type UnarchiveArgs = {
  readonly dest: string;
  readonly src?: string;
  readonly source?: { readonly path: string; readonly sha256: string; readonly size: number };
  readonly archive?: string;
  readonly creates?: string;
  readonly owner?: string;
  readonly group?: string;
};

const TIMEOUT_MS = 3_600_000;

export const unarchive: Resource<UnarchiveArgs, { readonly dest: string; readonly sha256: string }> = {
  name: 'unarchive',
  kind: 'resource',
  scope: 'host',
  summary:
    'An archive (tar in any compression, zip) unpacked into a directory. What it was unpacked from is noted there: another archive is unpacked over it, the same one is not.',
  examples: [
    {
      title: 'An archive of the controller',
      yaml: `- directory: { path: /opt/tool, mode: "0755" }
- unarchive: { src: tool.tar.gz, dest: /opt/tool, owner: root, group: root }
`,
    },
    {
      title: 'One that lies on the host, unless it was unpacked before',
      yaml: `- unarchive: { archive: /var/tmp/data.tar.gz, dest: /srv/data, creates: /srv/data/index }
`,
    },
  ],
  schema: {
    ...object(
      {
        dest: absolutePath('The directory; it must be there.'),
        src: text('The archive, a file of the controller.'),
        source: SOURCE,
        archive: absolutePath('The archive, a file of the host, instead of `src`.'),
        creates: absolutePath('Where this is there, nothing is done.'),
        owner: accountName('Owner of what is unpacked; whoever unpacks when absent.'),
        group: accountName('Group of what is unpacked.'),
      },
      ['dest'],
    ),
    oneOf: [{ required: ['src'] }, { required: ['archive'] }],
  },
  result: object({
    dest: text('The directory.'),
    sha256: text('Checksum of the archive; empty where it is not known.'),
  }),
  identity: ['dest', 'archive', 'creates', 'src'],
  address: (args) => `path ${stampOf(args)}`,
  needs: (args) => [
    placeFact(args.dest),
    contentFact(stampOf(args)),
    ...(args.archive === undefined ? [] : [archiveFact(args.archive)]),
    ...(args.creates === undefined ? [] : [pathFact(args.creates)]),
  ],
  diff,
  commands: (args) => [unpack(args)],
  touches: ({ dest }) => [{ on: 'path', path: dest }],
  registered: (args, _change, _outputs, facts) => ({ dest: args.dest, sha256: sumOf(args, facts) ?? '' }),
};

/** Where it is noted what was unpacked here. */
function stampOf({ dest, src, archive }: UnarchiveArgs): string {
  return posix.join(dest, `.unarchived-${posix.basename(archive ?? src ?? '')}`);
}

function archiveFact(path: string): FactRequest<PathInfo> {
  return pathFact(path, { follow: true, sum: true });
}

function sumOf({ archive, source }: UnarchiveArgs, facts: FactView): string | undefined {
  if (archive === undefined) return source?.sha256;
  const looked = facts.get(archiveFact(archive));
  return looked.state === 'value' ? looked.value.sha256 : undefined;
}

function diff(args: UnarchiveArgs, facts: FactView): Change {
  const { dest, archive, creates } = args;
  if (creates !== undefined) {
    const made = facts.get(pathFact(creates));
    if (made.state === 'unreadable') return blocked(made.reason);
    if (made.state === 'value') return NONE;
  }
  const place = facts.get(placeFact(dest));
  if (place.state === 'unreadable') return blocked(place.reason);
  if (place.state === 'absent' || place.value.type !== 'directory')
    return blocked(`${dest} is no directory: declare it with \`directory\` before`);
  const sum = sumOf(args, facts);
  if (sum === undefined) return blocked(`the archive ${archive} is no file on this host that could be read`);
  const stamp: Looked<{ readonly text?: string }> = facts.get(contentFact(stampOf(args)));
  if (stamp.state === 'unreadable') return blocked(stamp.reason);
  const before = stamp.state === 'value' ? stamp.value.text?.trim() : undefined;
  if (before === sum) return NONE;
  return {
    action: before === undefined ? 'create' : 'update',
    risk: 'changes',
    fields: [{ field: 'archive', ...(before === undefined ? {} : { before }), after: sum }],
  };
}

function unpack(args: UnarchiveArgs): Command {
  const body = args.source && (bodyOf(undefined, args.source) as Body);
  return {
    kind: 'shell',
    script: unpackScript(args, body).text,
    display: `unpack ${args.archive ?? args.src} into ${args.dest}`,
    ...(body ? { stdin: body.stdin } : {}),
    timeoutMs: TIMEOUT_MS,
  };
}

/**
 * Unpacked in a private directory inside of `dest`, whole, before anything of it is put in place: an archive that is
 * damaged, or that reaches out of its directory, changes nothing.
 */
function unpackScript(args: UnarchiveArgs, body: Body | undefined): Script {
  const { dest, archive, owner, group } = args;
  const stamp = stampOf(args);
  return lines(
    privateDirectory(posix.join(dest, 'x')),
    archive === undefined ? sh`t=$d/archive; cat >"$t"` : sh`t=${archive}`,
    body && checkArrived(body),
    archive === undefined ? undefined : sh`sum=$(sha256sum <"$t") && sum=\${sum%% *}`,
    body && sh`sum=${args.source?.sha256 ?? ''}`,
    sh`mkdir "$d/tree"`,
    new Text(UNPACK),
    owner === undefined ? undefined : sh`chown -Rh ${owner} "$d/tree"`,
    group === undefined ? undefined : sh`chgrp -Rh ${group} "$d/tree"`,
    // The directory itself keeps its own attributes.
    sh`to=${dest}; export to`,
    sh`(cd "$d/tree" && find . -mindepth 1 -maxdepth 1 -exec sh -c 'cp -a --remove-destination -t "$to" -- "$@"' sh {} +)`,
    sh`printf '%s\\n' "$sum" >"$d/stamp"`,
    sh`chmod 0644 "$d/stamp"`,
    sh`sync -f ${dest}`,
    sh`mv -fT -- "$d/stamp" ${stamp}`,
    sh`sync -- ${dest}`,
  );
}

/** `$t` into `$d/tree`. What is absolute or leads upwards is refused by name before anything is unpacked. */
const UNPACK = `if [ "$(head -c 2 "$t")" = PK ]; then
  command -v unzip >/dev/null || { echo 'this host has no unzip: install the package unzip' >&2; exit 1; }
  names() { unzip -Z1 "$t"; }
  unpack() { unzip -q "$t" -d "$d/tree"; }
else
  names() { tar -tPf "$t"; }
  # Not by -C: tar reads backslashes in its argument.
  unpack() { (cd "$d/tree" && tar -xf "$t" --no-same-owner --delay-directory-restore); }
fi
names >"$d/names" || { echo 'the archive is damaged, or is none that tar or unzip can read' >&2; exit 1; }
if grep -E '^/|(^|/)\\.\\.(/|$)' "$d/names" >&2; then
  echo 'these names reach out of the directory: nothing was unpacked' >&2
  exit 1
fi
umask 022
unpack </dev/null`;
