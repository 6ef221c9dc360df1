import type { Gateway } from '#lib/gateway/gateway.ts';

export type Duplicates = Awaited<ReturnType<Gateway['duplicates']>>;

/** What a reviewer pins with a rejection: the finding in their words, and the comparison it rests on. */
export function evidenceDocument(contributionId: number, note: string, duplicates: Duplicates | undefined): object {
  const found = duplicates?.duplicates.slice(0, 500) ?? [];
  return {
    name: `Evidence on contribution ${contributionId}`,
    description: note,
    contributionId,
    compared: duplicates?.compared ?? 0,
    share: duplicates?.share ?? 0,
    duplicates: found,
    omitted: (duplicates?.duplicates.length ?? 0) - found.length,
  };
}
