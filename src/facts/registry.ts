import type { AnyFactKind } from '../core/fact.ts';
import { archiveListing } from './archive-listing.ts';
import { authorizedKeys } from './authorized-keys.ts';
import { backupArchive } from './backup-archive.ts';
import { content } from './content.ts';
import { dataDirectory } from './data-directory.ts';
import { directoryEntries } from './directory-entries.ts';
import { freeSpace } from './free-space.ts';
import { group } from './group.ts';
import { http } from './http.ts';
import { keyIdKind } from './key-id.ts';
import { keyRing } from './key-ring.ts';
import { machine } from './machine.ts';
import { packageKind } from './package.ts';
import { packageVersions } from './package-versions.ts';
import { path } from './path.ts';
import { patroni } from './patroni.ts';
import { patroniConfig } from './patroni-config.ts';
import { place } from './place.ts';
import { port } from './port.ts';
import { postgres } from './postgres.ts';
import { postgresAnswer } from './postgres-answer.ts';
import { postgresRole } from './postgres-role.ts';
import { probe } from './probe.ts';
import { restorableArchive } from './restorable-archive.ts';
import { secretFile } from './secret-file.ts';
import { sysctl } from './sysctl.ts';
import { tree } from './tree.ts';
import { unit } from './unit.ts';
import { unlike } from './unlike.ts';
import { user } from './user.ts';

/** Every kind of fact that fanops can look at. */
export const factKinds: readonly AnyFactKind[] = [
  archiveListing,
  authorizedKeys,
  backupArchive,
  content,
  dataDirectory,
  directoryEntries,
  freeSpace,
  group,
  http,
  keyIdKind,
  keyRing,
  machine,
  packageKind,
  packageVersions,
  patroni,
  patroniConfig,
  path,
  place,
  port,
  postgres,
  postgresAnswer,
  postgresRole,
  probe,
  restorableArchive,
  secretFile,
  sysctl,
  tree,
  unit,
  unlike,
  user,
];
