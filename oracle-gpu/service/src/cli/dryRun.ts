import { faultsOf } from '@openledger/sdk';
import { asc, eq } from 'drizzle-orm';
import { openChain } from '../chain/open.ts';
import { readConfig } from '../config.ts';
import { readDatabase } from '../db/open.ts';
import { batches, receipts } from '../db/schema.ts';
import { openIpfs } from '../ipfs/client.ts';
import { openLog } from '../log.ts';
import { openReleases } from '../releases.ts';
import { choose, openReceipts, planBatch } from '../settlement/build.ts';
import { prepareBatch } from '../settlement/prepare.ts';
import { checksTable, reportLine } from './print.ts';

/** Stands for the file's address, which is known once it is pinned. */
const notPinned = 'dry-run';

/**
 * Checks the batch that the service would settle next, in its environment, and changes nothing: neither database nor
 * chain nor IPFS. Returns whether it would be right.
 */
export async function dryRun(environment: Record<string, string | undefined>, print: (text: string) => void): Promise<boolean> {
  const config = readConfig(environment);
  const chain = await openChain(config);
  const { db, close } = readDatabase(config.databaseUrl);
  const context = { db, chain, config, ipfs: openIpfs(config.ipfsUrl), log: openLog('silent'), releases: openReleases({ db }) };
  try {
    const next = await nextBatch(context);
    if (!next) {
      print('No batch is due: there is no open receipt, or none that can be settled now.');
      return true;
    }
    const { file, checks, wrong, seconds } = await prepareBatch(context, next.batch, next.stored, async () => notPinned);
    const { operator, batchIndex } = file;
    print(checksTable(checks));
    for (const { hash, reason } of wrong) print(`Receipt ${hash}: ${reason}`);
    const report = { operator, batchIndex, receipts: file.receipts.length, checks, faults: faultsOf(checks), seconds };
    print(`\n${reportLine(report)} Nothing was settled.`);
    return report.faults.length === 0;
  } finally {
    await close();
  }
}

/** The batch that is built and not settled, else the one that open receipts make. */
async function nextBatch(context: Parameters<typeof choose>[0]) {
  const { db } = context;
  const [built] = await db.select().from(batches).where(eq(batches.status, 'built')).orderBy(asc(batches.batchIndex)).limit(1);
  if (!built) return planBatch(db, await choose(context, await openReceipts(context)));
  return { batch: built, stored: await db.select().from(receipts).where(eq(receipts.batchIndex, built.batchIndex)) };
}
