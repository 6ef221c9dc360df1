import { type BatchHeader, evidenceSchema, int8FromHex, readIndexRows, rowAnswer } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { AskedRow } from '../chain/askedData.ts';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import { readVerified } from '../ipfs/readVerified.ts';
import { wholeBundle } from '../receipts/evidence.ts';
import { type LoadedRelease, leafOf } from '../releases.ts';

type Answering = Pick<Context, 'db' | 'engine' | 'releases' | 'chain' | 'config' | 'ipfs' | 'log'>;

/**
 * The answer to a request for a row of an index: what it scored with the receipt's query, which the database keeps, and
 * the row itself. Both are checked against what was committed before anything is stated.
 */
export async function rowCalldata(
  context: Answering,
  header: BatchHeader,
  { receiptHash, headerHash, releaseHash, evidenceHash, position, chunk }: AskedRow,
): Promise<Hex> {
  const { db, releases } = context;
  const [stored] = await db.select().from(receipts).where(eq(receipts.hash, receiptHash));
  if (!stored) throw new Error(`Receipt ${receiptHash} is not in this database: restore the one that belongs to this chain.`);
  const release = await releases.ofReceipt(releaseHash);
  return rowAnswer(
    header,
    { headerHash, releaseHash, evidenceHash, position, chunk },
    {
      release: release.release,
      index: release.rows.map(leafOf),
      row: await componentsOf(context, release, position),
      evidence: evidenceSchema.parse(wholeBundle(release, stored.bundle).evidence),
      query: stored.query && int8FromHex(stored.query),
    },
  );
}

/** A row as the engine keeps it, or, where it has lost its index, as the release publishes it. */
async function componentsOf(context: Answering, release: LoadedRelease, position: number): Promise<Int8Array> {
  const { engine, chain, config, ipfs, log } = context;
  try {
    return new Int8Array((await engine.indexRow(release.adapter, position)).buffer);
  } catch (error) {
    const read = (cid: string) => readVerified(ipfs, cid);
    const published = await readIndexRows(chain.client, config.deployment, release.releaseHash, read).catch(sentence);
    if (typeof published === 'string') {
      log.warn(
        { releaseHash: release.releaseHash, reason: published },
        'an index that the engine does not give is not published',
      );
      throw error;
    }
    return published.componentsAt(position);
  }
}
