import type { AnyResource } from '../core/resource.ts';
import { advise } from './advise.ts';
import { assert } from './assert.ts';
import { authorizedKey } from './authorized-key.ts';
import { backupFacts } from './backup-facts.ts';
import { blockInFile } from './block-in-file.ts';
import { command } from './command.ts';
import { copy } from './copy.ts';
import { cron } from './cron.ts';
import { dataDirectoryFacts } from './data-directory-facts.ts';
import { directory } from './directory.ts';
import { escrowFacts } from './escrow-facts.ts';
import { fetch } from './fetch.ts';
import { file } from './file.ts';
import { gatherArchive } from './gather-archive.ts';
import { group } from './group.ts';
import { hostFacts } from './host-facts.ts';
import { http } from './http.ts';
import { iniSetting } from './ini-setting.ts';
import { lineInFile } from './line-in-file.ts';
import { link } from './link.ts';
import { packageResource } from './package.ts';
import { pathFacts } from './path-facts.ts';
import { patroniConfig } from './patroni-config.ts';
import { patroniFacts } from './patroni-facts.ts';
import { patroniPause } from './patroni-pause.ts';
import { patroniReinit } from './patroni-reinit.ts';
import { patroniRestart } from './patroni-restart.ts';
import { patroniRollingRestart } from './patroni-rolling-restart.ts';
import { patroniSwitchover } from './patroni-switchover.ts';
import { postgresFacts } from './postgres-facts.ts';
import { postgresqlConf } from './postgresql-conf.ts';
import { postgresqlHba } from './postgresql-hba.ts';
import { postgresqlQuery } from './postgresql-query.ts';
import { postgresqlRole } from './postgresql-role.ts';
import { randomSecret } from './random-secret.ts';
import { reachFacts } from './reach-facts.ts';
import { reboot } from './reboot.ts';
import { release } from './release.ts';
import { script } from './script.ts';
import { service } from './service.ts';
import { setFact } from './set-fact.ts';
import { shell } from './shell.ts';
import { stat } from './stat.ts';
import { sysctl } from './sysctl.ts';
import { systemdUnit } from './systemd-unit.ts';
import { template } from './template.ts';
import { transfer } from './transfer.ts';
import { unarchive } from './unarchive.ts';
import { user } from './user.ts';
import { waitFor } from './wait-for.ts';

/** Every resource and action that a playbook can name. */
export const resources: readonly AnyResource[] = [
  advise,
  assert,
  authorizedKey,
  backupFacts,
  blockInFile,
  command,
  copy,
  cron,
  dataDirectoryFacts,
  directory,
  escrowFacts,
  fetch,
  file,
  gatherArchive,
  group,
  hostFacts,
  http,
  iniSetting,
  lineInFile,
  link,
  packageResource,
  pathFacts,
  patroniConfig,
  patroniFacts,
  patroniPause,
  patroniReinit,
  patroniRestart,
  patroniRollingRestart,
  patroniSwitchover,
  postgresFacts,
  postgresqlConf,
  postgresqlHba,
  postgresqlQuery,
  postgresqlRole,
  randomSecret,
  reachFacts,
  reboot,
  release,
  script,
  service,
  setFact,
  shell,
  stat,
  sysctl,
  systemdUnit,
  template,
  transfer,
  unarchive,
  user,
  waitFor,
];
