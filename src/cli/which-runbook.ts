/** What an operator can say of an incident without looking up anything. */
export interface Incident {
  /** The cluster answers to its clients. */
  readonly isServing: boolean;
  readonly withData: 'all' | 'some' | 'none';
  /** Rows or tables were deleted or changed by mistake. */
  readonly isMistake: boolean;
}

export interface Advice {
  readonly runbook: string;
  readonly why: string;
  /** The parameters that have to be given, words in capitals to be filled in. */
  readonly options?: string;
  /** What is to be filled in. */
  readonly fillIn?: string;
}

/** What to type next: first what changes nothing. */
export function commandsOf({ runbook, options }: Advice): readonly [plan: string, run: string] {
  const rest = options === undefined ? runbook : `${runbook} ${options}`;
  return [`fanops plan ${rest}`, `fanops run ${rest}`];
}

/** The runbook to begin with; each looks first, and refuses where another one is right. */
export function whichRunbook({ isServing, withData, isMistake }: Incident): Advice {
  if (withData === 'none')
    return {
      runbook: 'recover-cluster.yml',
      why: 'no node has its data: the cluster is restored from backup, from the archives of the nodes and S3. Where no node has its archive either, recover-s3.yml, with the same target',
      options: '-e target=NODE',
      fillIn: 'NODE: the node that is restored, and leads afterwards',
    };
  if (isMistake)
    return {
      runbook: 'recover-pitr.yml',
      why: 'what was there before the mistake is restored as of a point in time. Until then stop what goes on writing',
      options: '-e target=NODE -e at="YYYY-MM-DD HH:MM:SS+HH:MM"',
      fillIn:
        'NODE: one with room on its disk, better not the leader; at: the last moment before the mistake (or -e lsn=, -e restore_point= instead)',
    };
  if (isServing && withData === 'some')
    return {
      runbook: 'recover-node.yml',
      why: 'the cluster works: only the broken node is rebuilt',
      options: '-e target=NODE',
      fillIn: 'NODE: the broken one, not the leader',
    };
  if (isServing)
    return { runbook: 'diagnose.yml', why: 'nothing is to be restored: look at what is out of order' };
  return {
    runbook: 'diagnose.yml',
    why: 'data has survived, and it is newer than any backup: find out why its Patroni does not lead, and start it there first; where etcd has lost its quorum for good, recover-etcd.yml -e target=NODE',
  };
}
