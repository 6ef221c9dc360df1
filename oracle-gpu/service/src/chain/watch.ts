import { accessGrantsAbi, datanetRegistryAbi, inferenceRequestsAbi, rewardPoolAbi, trainingJobsAbi } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { type Hash, parseEventLogs } from 'viem';
import type { Context } from '../context.ts';
import type { Database, Transaction } from '../db/open.ts';
import { contributions, cursors, inferenceRequests, payoutThresholds, retrievalGrants, versions } from '../db/schema.ts';
import type { ChainEvent } from './events.ts';

const cursorName = 'chain';
/** Most blocks asked for at once: what public nodes allow. */
const blocksAtOnce = 2_000n;
const abi = [...datanetRegistryAbi, ...accessGrantsAbi, ...trainingJobsAbi, ...rewardPoolAbi, ...inferenceRequestsAbi];

/**
 * Reads the events of datanets, grants, training jobs, wished payouts and requests from the deployment on, each block range in one
 * transaction with the cursor. When the block at the cursor is no longer on the chain, everything is read again: handlers may be repeated.
 */
export function createWatcher(
  context: Context,
  handle: (tx: Transaction, event: ChainEvent) => Promise<void>,
  caughtUp: () => Promise<void>,
) {
  const { db, chain, config, log } = context;
  const { client, contracts } = chain;

  async function start(head: bigint): Promise<bigint> {
    const [cursor] = await db.select().from(cursors).where(eq(cursors.name, cursorName));
    if (!cursor) return BigInt(config.deployment.startBlock);
    const at = BigInt(cursor.blockNumber);
    const isThere = at <= head && (await hashAt(at)) === cursor.blockHash;
    if (isThere) return at + 1n;
    log.warn({ block: cursor.blockNumber, head: head.toString() }, 'the chain was reorganised: reading it again');
    await forget(db);
    return BigInt(config.deployment.startBlock);
  }

  async function hashAt(blockNumber: bigint): Promise<Hash | null> {
    return (await client.getBlock({ blockNumber })).hash;
  }

  return async function read(): Promise<void> {
    const head = await client.getBlockNumber();
    for (let from = await start(head); from <= head; from += blocksAtOnce) {
      const to = from + blocksAtOnce - 1n < head ? from + blocksAtOnce - 1n : head;
      const [blockHash, logs] = await Promise.all([
        hashAt(to),
        client.getLogs({
          address: [
            contracts.datanets.address,
            contracts.grants.address,
            contracts.jobs.address,
            contracts.pool.address,
            contracts.requests.address,
          ],
          fromBlock: from,
          toBlock: to,
        }),
      ]);
      const events = parseEventLogs({ abi, logs, strict: true });
      await db.transaction(async (tx) => {
        for (const event of events) await handle(tx, event as ChainEvent);
        const values = { name: cursorName, blockNumber: Number(to), blockHash: blockHash ?? '' };
        await tx.insert(cursors).values(values).onConflictDoUpdate({ target: cursors.name, set: values });
      });
    }
    await caughtUp();
  };
}

/** What only mirrors the chain goes; jobs and their logs stay, since they also hold what this operator did. */
async function forget(db: Database): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(contributions);
    await tx.delete(versions);
    await tx.delete(retrievalGrants);
    await tx.delete(payoutThresholds);
    await tx.delete(inferenceRequests);
    await tx.delete(cursors).where(eq(cursors.name, cursorName));
  });
}
