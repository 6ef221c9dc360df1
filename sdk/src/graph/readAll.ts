import type { Hex } from 'viem';

/** Rows that the subgraph gives at a time. */
const PAGE = 1_000;

/**
 * All rows of a list, page by page, in the order of their ids, which never change.
 * @param read gives the page of up to 1,000 rows whose ids come after `after`, in rising order
 * @param most reading ends once there are so many
 * @returns `isWhole` says whether these are all
 */
export async function readAll<Row extends { id: Hex }>(
  read: (after: Hex) => Promise<Row[]>,
  most = Number.POSITIVE_INFINITY,
): Promise<{ rows: Row[]; isWhole: boolean }> {
  const rows: Row[] = [];
  while (rows.length < most) {
    const page = await read(rows.at(-1)?.id ?? '0x');
    rows.push(...page);
    if (page.length < PAGE) return { rows, isWhole: true };
  }
  return { rows, isWhole: false };
}
