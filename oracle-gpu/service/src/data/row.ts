import { type BatchHeader, evidenceSchema, int8FromHex, rowAnswer } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { AskedRow } from '../chain/askedData.ts';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import { wholeBundle } from '../receipts/evidence.ts';
import { leafOf } from '../releases.ts';

/**
 * The answer to a request for a row of an index: what it scored with the receipt's query, which the database keeps, and
 * the row itself, which the engine keeps. Both are checked against what was committed before anything is stated.
 */
export async function rowCalldata(
  { db, engine, releases }: Pick<Context, 'db' | 'engine' | 'releases'>,
  header: BatchHeader,
  { receiptHash, headerHash, releaseHash, evidenceHash, position, chunk }: AskedRow,
): Promise<Hex> {
  const [stored] = await db.select().from(receipts).where(eq(receipts.hash, receiptHash));
  if (!stored) throw new Error(`Receipt ${receiptHash} is not in this database: restore the one that belongs to this chain.`);
  const release = await releases.ofReceipt(releaseHash);
  const row = await engine.indexRow(release.adapter, position);
  return rowAnswer(
    header,
    { headerHash, releaseHash, evidenceHash, position, chunk },
    {
      release: release.release,
      index: release.rows.map(leafOf),
      row: new Int8Array(row.buffer),
      evidence: evidenceSchema.parse(wholeBundle(release, stored.bundle).evidence),
      query: stored.query && int8FromHex(stored.query),
    },
  );
}
