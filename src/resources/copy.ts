import type { Resource } from '../core/resource.ts';
import { FILE_PROPERTIES, PATH_RESULT } from './file.ts';
import {
  fileCommands,
  fileDetail,
  fileDiff,
  fileNeeds,
  filePredict,
  fileTouches,
  type WantedFile,
} from './parts/regular-file.ts';
import { absolutePath, object, SOURCE, text } from './parts/schema.ts';

export type CopyArgs = Omit<WantedFile, 'path'> & { readonly dest: string };

export const copy: Resource<CopyArgs, { readonly path: string }> = {
  name: 'copy',
  kind: 'resource',
  scope: 'host',
  summary: 'A file copied byte for byte from the controller, or with the content given.',
  schema: object(
    {
      dest: absolutePath('Where it goes on the host.'),
      src: text('The file on the controller.'),
      source: SOURCE,
      ...FILE_PROPERTIES,
    },
    ['dest'],
  ),
  result: PATH_RESULT,
  identity: ['dest', 'follow'],
  address: ({ dest }) => `path ${dest}`,
  needs: (args) => fileNeeds(destination(args)),
  detail: (args, change) => fileDetail(asFile(args), change),
  diff: (args, facts) => fileDiff(asFile(args), facts),
  commands: (args, change) => fileCommands(asFile(args), change),
  touches: (args, change) => fileTouches(args.dest, change),
  predict: (args, change) => filePredict(asFile(args), change),
  registered: ({ dest }) => ({ path: dest }),
};

function asFile(args: CopyArgs): WantedFile {
  return { ...args, path: args.dest };
}

/** Reads nothing else: other arguments may be unknown when this is asked for. */
function destination({ dest, follow }: CopyArgs): Pick<WantedFile, 'path' | 'follow'> {
  return { path: dest, ...(follow === undefined ? {} : { follow }) };
}
