import { receiptSchema, signReceipt } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import type { ReceiptRow } from './bundle.ts';

/** The operator's signature of a stored receipt. Deterministic (RFC 6979): after a crash it comes out the same. */
export function signatureOf({ chain }: Pick<Context, 'chain'>, row: ReceiptRow): Promise<Hex> {
  const { receipt } = row.bundle as { receipt: unknown };
  return signReceipt(chain.account, receiptSchema.parse(receipt), chain.receiptDomain);
}

/** Signs a stored receipt, if it is not, and stores the signature. */
export async function sign(context: Pick<Context, 'db' | 'chain'>, row: ReceiptRow): Promise<ReceiptRow> {
  if (row.signature !== null) return row;
  const signature = await signatureOf(context, row);
  await context.db.update(receipts).set({ signature }).where(eq(receipts.hash, row.hash));
  return { ...row, signature };
}
