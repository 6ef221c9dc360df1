import type { Hex } from 'viem';
import type { BatchHeader } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { receiptHash } from '../settlement/receipt.ts';
import type { BatchFacts } from './batchFacts.ts';
import type { Check } from './checks.ts';
import { recomputeBatch } from './recomputeBatch.ts';
import { type BatchContext, verifyBatch } from './verifyBatch.ts';

/** A receipt that no batch can hold, with the sentences of the checks that it fails. */
export type WrongReceipt = { hash: Hex; reason: string };

/** Checks that speak of each receipt by itself; the others are of the batch as a whole. */
const ofReceipts = ['signatures', 'hashes', 'allocations', 'price', 'records', 'allocation'];

/** Finds which receipts of a batch fail their checks, by halves: of a thousand with one wrong some twenty looks. */
export async function wrongReceipts(
  file: BatchFile,
  header: BatchHeader,
  context: BatchContext,
  facts: BatchFacts,
): Promise<WrongReceipt[]> {
  const { previousRewards: _, ...alone } = context;
  const find = async (receipts: readonly SettledReceipt[]): Promise<WrongReceipt[]> => {
    const part = { ...file, receipts: [...receipts], rewards: [] };
    const [verified, recomputed] = [await verifyBatch(part, header, alone), await recomputeBatch(part, header, facts)];
    const failed = [...verified.checks, ...recomputed.checks].filter(isOfReceipts);
    if (failed.length === 0) return [];
    const [first] = receipts;
    if (receipts.length === 1 && first)
      return [{ hash: receiptHash(first.receipt), reason: failed.map(({ sentence }) => sentence).join(' ') }];
    const middle = receipts.length >> 1;
    return [...(await find(receipts.slice(0, middle))), ...(await find(receipts.slice(middle)))];
  };
  return find(file.receipts);
}

function isOfReceipts({ name, status }: Check): boolean {
  return status === 'failed' && ofReceipts.includes(name);
}
