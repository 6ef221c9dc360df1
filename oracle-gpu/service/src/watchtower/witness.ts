import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Allocation,
  allocationSchema,
  bytes32Schema,
  hashAllocations,
  hexSchema,
  openLedgerDomain,
  receiptHash,
  receiptKey,
  receiptSchema,
  recoverReceiptSigner,
  type SettledReceipt,
  type SignedReceipt,
  uint32Schema,
} from '@openledger/sdk';
import { type Address, type Hex, isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Source } from '../chain/source.ts';

const bundleSchema = z.object({
  receipt: receiptSchema,
  signature: hexSchema,
  allocations: z.array(allocationSchema).default([]),
  // What only the payer is given.
  query: hexSchema.optional(),
  salt: bytes32Schema.optional(),
  answer: z.string().optional(),
  tokenIds: z.array(uint32Schema).optional(),
});
/** A receipt as the gateway returns it, or a whole answer with it. */
const fileSchema = z.union([bundleSchema, z.object({ receipt: bundleSchema }).transform(({ receipt }) => receipt)]);
/** A receipt that a payer shows, with what it opens. */
export type KnownReceipt = z.infer<typeof bundleSchema>;

export type Witness = ReturnType<typeof openWitness>;

/** Remembers receipts that operators signed, from payers' files and from void batches: what is settled must not contradict them. */
export function openWitness({ client, contracts }: Source, chainId: number, known: readonly KnownReceipt[] = []) {
  const byKey = new Map<bigint, SignedReceipt[]>();
  const stated = new Map<Hex, Allocation[]>();
  const domain = openLedgerDomain(chainId, contracts.settlement.address);

  function add({ receipt, signature }: SignedReceipt): void {
    const key = receiptKey(receipt.channel, receipt.sequence);
    const others = byKey.get(key) ?? [];
    const hash = receiptHash(receipt);
    if (!others.some((one) => receiptHash(one.receipt) === hash)) byKey.set(key, [...others, { receipt, signature }]);
  }

  for (const bundle of known) {
    add(bundle);
    if (bundle.allocations.length > 0) stated.set(hashAllocations(bundle.allocations), bundle.allocations);
  }

  async function operatorBehind({ receipt, signature }: SignedReceipt): Promise<Address | undefined> {
    try {
      const signer = await recoverReceiptSigner(receipt, signature, domain);
      return await client.readContract({ ...contracts.operators, functionName: 'operatorOf', args: [signer] });
    } catch {
      await client.getBlockNumber(); // throws in an outage; else it is no signature
      return undefined;
    }
  }

  return {
    stated: stated as ReadonlyMap<Hex, Allocation[]>,
    /** Remembers what an operator signed: what it held in a batch that is void, or answered a request on chain with. */
    remember: (receipts: readonly SignedReceipt[]): void => {
      for (const one of receipts) add(one);
    },
    /** What the operator signed otherwise than it stands in these receipts. */
    against: async (operator: Address, receipts: readonly SettledReceipt[]): Promise<SignedReceipt[]> => {
      const found: SignedReceipt[] = [];
      for (const { receipt } of receipts) {
        const hash = receiptHash(receipt);
        for (const one of byKey.get(receiptKey(receipt.channel, receipt.sequence)) ?? []) {
          if (one.receipt.channel !== receipt.channel || receiptHash(one.receipt) === hash) continue;
          const behind = await operatorBehind(one);
          if (behind && isAddressEqual(behind, operator)) found.push(one);
        }
      }
      return found;
    },
    /** Receipts known that contradict each other, with the operator that signed both. */
    contradictions: async (): Promise<{ operator: Address; first: SignedReceipt; second: SignedReceipt }[]> => {
      const pairs = [];
      for (const [first, second] of byKey.values()) {
        if (!first || !second) continue;
        const [operator, other] = [await operatorBehind(first), await operatorBehind(second)];
        if (operator && other && isAddressEqual(operator, other)) pairs.push({ operator, first, second });
      }
      return pairs;
    },
  };
}

/** Receipts in the .json files of a folder. Throws one sentence for a file that holds none. */
export function readReceipts(folder: string): KnownReceipt[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    throw new Error(`There is no folder ${folder}: name one with receipts in it.`);
  }
  return names.map((name) => {
    try {
      return fileSchema.parse(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    } catch {
      throw new Error(`${join(folder, name)} is no receipt: take it out of the folder.`);
    }
  });
}
