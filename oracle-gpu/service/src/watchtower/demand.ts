import { randomInt } from 'node:crypto';
import {
  accuse,
  askedTree,
  type FraudProof,
  pendingBefore,
  readSettled,
  type SettledBatch,
  type SettledEvent,
  withheldData,
} from '@openledger/sdk';
import { formatEther, type Hex, isAddressEqual } from 'viem';
import type { PrivateKeyAccount } from 'viem/accounts';
import { askOnChain, NoBond } from '../chain/ask.ts';
import { type AskedData, type AskedLeaves, askedStatus, openAskedData } from '../chain/askedData.ts';
import type { Source } from '../chain/source.ts';

/** What comes next about a batch whose data cannot be had: `wait` for a time or an answer, or nothing by asking. */
export type Demand = { step: 'wait' } | { step: 'prove'; proof: FraudProof } | { step: 'nothing' };

export type DemandOptions = Source & {
  rpcUrl: string;
  startBlock: bigint;
  account: PrivateKeyAccount;
  say: (line: string) => void;
};

type Leaves = Pick<AskedLeaves, 'tree' | 'from' | 'count'>;

/**
 * Asks on chain for data that nobody can fetch: one leaf of the batch's receipts, chosen by chance, once half of its window
 * has passed. What was asked is read from the chain each time, so that it is asked once, after a restart too.
 */
export function openDemands({ client, contracts, rpcUrl, startBlock, account, say }: DemandOptions) {
  const requests = openAskedData({ client, contracts });
  const said = new Map<Hex, string>();

  function sayOnce(headerHash: Hex, line: string): void {
    if (said.get(headerHash) === line) return;
    said.set(headerHash, line);
    say(line);
  }

  async function isPending({ args: { operator, batchIndex, headerHash } }: SettledEvent): Promise<boolean> {
    const [{ settled, finalized, voidedFrom }, stored] = await Promise.all([
      client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] }),
      client.readContract({ ...contracts.settlement, functionName: 'headerHash', args: [operator, batchIndex] }),
    ]);
    const isVoid = voidedFrom !== 0 && batchIndex >= voidedFrom;
    return stored === headerHash && batchIndex > finalized && batchIndex <= settled && !isVoid;
  }

  async function proofOf(batch: SettledBatch, { requestId }: AskedData): Promise<FraudProof> {
    const earlier = await pendingBefore({ client, contracts }, startBlock, batch);
    const headers = earlier.map(({ header }) => header);
    return withheldData(accuse(batch.header, headers), requestId);
  }

  /** A leaf of the receipts that nobody has asked for yet, sentinels apart; the parameters where there is none. */
  function choose({ header }: SettledBatch, asked: readonly AskedData[]): Leaves | undefined {
    const isFree = (tree: number, from: number): boolean =>
      !asked.some((one) => one.of === 'leaves' && one.tree === tree && one.from === from);
    const leaves = Array.from({ length: Math.max(header.body.receipts.count - 2, 0) }, (_, index) => index + 1);
    const free = leaves.filter((from) => isFree(askedTree.receipts, from));
    const from = free.length > 0 ? free[randomInt(free.length)] : undefined;
    if (from !== undefined) return { tree: askedTree.receipts, from, count: 1 };
    return isFree(askedTree.parameters, 0) ? { tree: askedTree.parameters, from: 0, count: 1 } : undefined;
  }

  async function ask({ header, headerHash }: SettledBatch, { tree, from, count }: Leaves, about: string): Promise<void> {
    const args = [accuse(header, []).header, tree, from, count] as const;
    try {
      const asked = await askOnChain({ client, contracts, rpcUrl, account }, { functionName: 'requestData', args });
      if (!asked) return; // the next look chooses again
      const what = tree === askedTree.parameters ? 'its parameters' : `receipt ${from}`;
      sayOnce(
        headerHash,
        `${about}: its data cannot be fetched; ${what} asked for on chain in ${asked.transactionHash}, for a bond of ${formatEther(asked.bond)} OPEN.`,
      );
    } catch (error) {
      if (!(error instanceof NoBond)) throw error;
      sayOnce(headerHash, `${about}: its data cannot be fetched, and ${error.message}`);
    }
  }

  return async function demand(event: SettledEvent): Promise<Demand> {
    const { operator, batchIndex, headerHash, finalAt } = event.args;
    if (!(await isPending(event))) return { step: 'nothing' };
    const about = `Batch ${batchIndex} of ${operator}`;
    const batch = await readSettled({ client, contracts }, event);
    const now = (await client.getBlock()).timestamp;
    const asked = await requests.askedOf(headerHash, event.blockNumber);
    const states = await Promise.all(asked.map(({ requestId }) => requests.stateOf(requestId)));
    const there = asked.flatMap((one, index) => {
      const status = states[index]?.status;
      return status ? [{ ...one, status }] : []; // else a reorganisation took it back
    });
    const open = there.filter(({ status }) => status === askedStatus.open);
    const overdue = open.find(({ deadline }) => now > BigInt(deadline));
    if (overdue) return { step: 'prove', proof: await proofOf(batch, overdue) };
    const mine = there.filter(({ requester }) => isAddressEqual(requester, account.address));
    if (mine.some(({ status }) => status === askedStatus.answered)) {
      sayOnce(headerHash, `${about}: what was asked for on chain is answered.`);
      return { step: 'nothing' };
    }
    if (mine.length > 0) return { step: 'wait' };
    const settledAt = BigInt(batch.header.settledAt);
    if (now < settledAt + (finalAt - settledAt) / 2n) return { step: 'wait' };
    const leaves = now < finalAt ? choose(batch, there) : undefined;
    if (leaves) await ask(batch, leaves, about);
    return leaves || open.length > 0 ? { step: 'wait' } : { step: 'nothing' };
  };
}
