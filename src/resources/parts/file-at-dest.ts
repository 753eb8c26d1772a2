import type { Example, JsonSchema, Resource } from '../../core/resource.ts';
import { FILE_PROPERTIES, PATH_RESULT } from '../file.ts';
import {
  fileCommands,
  fileDetail,
  fileDiff,
  fileNeeds,
  filePredict,
  fileTouches,
  type WantedFile,
} from './regular-file.ts';
import { absolutePath, object } from './schema.ts';

export type DestArgs = Omit<WantedFile, 'path'> & { readonly dest: string };

/** A resource that keeps a file at `dest`, as Ansible's copy and template do. */
export function fileAtDest(
  name: string,
  summary: string,
  examples: readonly Example[],
  properties: { readonly [argument: string]: JsonSchema },
): Resource<DestArgs, { readonly path: string }> {
  return {
    name,
    kind: 'resource',
    scope: 'host',
    summary,
    examples,
    schema: object({ dest: absolutePath('Where it goes on the host.'), ...properties, ...FILE_PROPERTIES }, [
      'dest',
    ]),
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
}

function asFile(args: DestArgs): WantedFile {
  return { ...args, path: args.dest };
}

/** Reads nothing else: other arguments may be unknown when this is asked for. */
function destination({ dest, follow }: DestArgs): Pick<WantedFile, 'path' | 'follow'> {
  return { path: dest, ...(follow === undefined ? {} : { follow }) };
}
