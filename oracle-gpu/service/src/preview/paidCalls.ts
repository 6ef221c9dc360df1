import { datanetUseSchema } from '@openledger/sdk';
import { and, asc, count, eq, gte, inArray, isNotNull } from 'drizzle-orm';
import type { Hex } from 'viem';
import { z } from 'zod';
import { type Context, now } from '../context.ts';
import { receipts, releases } from '../db/schema.ts';

/** How far back calls are looked at, seconds. */
export const windowSeconds = 30 * 86_400;
/** Most calls of one release that are computed anew; of more, a sample is, and the sums are scaled. */
const sampled = 500;
/** Most releases that are looked at: each costs a gradient of every record. */
const mostReleases = 3;

export type ReleaseCalls = {
  releaseHash: Hex;
  modelId: number;
  adapter: string;
  /** Paid calls in the window, and those of them that `rows` holds: chosen by their hashes, so evenly. */
  total: number;
  rows: (typeof receipts.$inferSelect & { query: Hex })[];
};

/**
 * Paid and attributed calls, of the last 30 days, of the releases that a datanet is part of; the most called releases,
 * and how many calls the others had.
 */
export async function paidCalls({ db }: Pick<Context, 'db'>, datanetId: number) {
  const known = await db
    .select({
      releaseHash: releases.releaseHash,
      modelId: releases.modelId,
      adapter: releases.adapter,
      datanets: releases.datanets,
    })
    .from(releases);
  const uses = known.filter(({ datanets }) =>
    z
      .array(datanetUseSchema)
      .parse(datanets)
      .some((use) => use.datanetId === datanetId),
  );
  const since = now() - windowSeconds;
  const paid = and(
    inArray(
      receipts.releaseHash,
      uses.map(({ releaseHash }) => releaseHash),
    ),
    gte(receipts.created, since),
    isNotNull(receipts.query),
    inArray(receipts.status, ['signed', 'settled', 'final']),
  );
  const totals = await db
    .select({ releaseHash: receipts.releaseHash, total: count() })
    .from(receipts)
    .where(paid)
    .groupBy(receipts.releaseHash);
  totals.sort((a, b) => b.total - a.total || (a.releaseHash < b.releaseHash ? -1 : 1));
  const found: ReleaseCalls[] = [];
  for (const { releaseHash, total } of totals.slice(0, mostReleases)) {
    const use = uses.find((item) => item.releaseHash === releaseHash);
    if (!use) continue;
    const rows = await db
      .select()
      .from(receipts)
      .where(and(paid, eq(receipts.releaseHash, releaseHash)))
      .orderBy(asc(receipts.hash))
      .limit(sampled);
    const { modelId, adapter } = use;
    found.push({ releaseHash: releaseHash as Hex, modelId, adapter, total, rows: rows.flatMap(withQuery) });
  }
  const others = totals.slice(mostReleases).reduce((sum, { total }) => sum + total, 0);
  return { since, releases: found, others };
}

function withQuery(row: typeof receipts.$inferSelect): ReleaseCalls['rows'] {
  return row.query === null ? [] : [{ ...row, query: row.query }];
}
