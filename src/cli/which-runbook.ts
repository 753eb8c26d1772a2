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
}

/** The runbook to begin with; each looks first, and refuses where another one is right. */
export function whichRunbook({ isServing, withData, isMistake }: Incident): Advice {
  if (withData === 'none')
    return {
      runbook: 'recover-cluster.yml',
      why: 'no node has its data: the cluster is restored from backup, from the archives of the nodes and S3. Where no node has its archive either, recover-s3.yml',
    };
  if (isMistake)
    return {
      runbook: 'recover-pitr.yml',
      why: 'what was there before the mistake is restored as of a point in time. Until then stop what goes on writing',
    };
  if (isServing && withData === 'some')
    return { runbook: 'recover-node.yml', why: 'the cluster works: only the broken node is rebuilt' };
  if (isServing)
    return { runbook: 'diagnose.yml', why: 'nothing is to be restored: look at what is out of order' };
  return {
    runbook: 'diagnose.yml',
    why: 'data has survived, and it is newer than any backup: find out why its Patroni does not lead, and start it there first; where etcd has lost its quorum for good, recover-etcd.yml',
  };
}
