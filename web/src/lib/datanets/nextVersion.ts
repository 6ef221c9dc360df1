import { type VersionEntry, versionTree } from '@openledger/sdk';
import type { Contribution, DatanetDetail } from './types.ts';

type Accepted = Pick<Contribution, 'number' | 'recordsRoot' | 'records' | 'cid'>;

/** What the next version would be a root over, by rising id. */
export function entriesOf(accepted: readonly Accepted[]): (VersionEntry & { cid: string })[] {
  return accepted
    .flatMap(({ number, recordsRoot, records, cid }) =>
      recordsRoot && cid ? [{ contributionId: number, recordsRoot, records, cid }] : [],
    )
    .sort((a, b) => a.contributionId - b.contributionId);
}

/** Whether a version of what is accepted now would differ from the last one: the rule of the contract. */
export function canPublish(
  { latestVersion }: { latestVersion: Pick<NonNullable<DatanetDetail['latestVersion']>, 'root'> | null },
  accepted: readonly Accepted[],
): boolean {
  const entries = entriesOf(accepted);
  return entries.length > 0 && versionTree(entries).root !== latestVersion?.root;
}
