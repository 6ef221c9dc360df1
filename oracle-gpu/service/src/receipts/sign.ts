import { receiptSchema, signReceipt } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import type { ReceiptRow } from './bundle.ts';

/** Signs a stored receipt. Signatures are deterministic (RFC 6979): signing again after a crash gives the same bytes. */
export async function sign({ db, chain }: Pick<Context, 'db' | 'chain'>, row: ReceiptRow): Promise<ReceiptRow> {
  if (row.signature !== null) return row;
  const { receipt } = row.bundle as { receipt: unknown };
  const signature = await signReceipt(chain.account, receiptSchema.parse(receipt), chain.receiptDomain);
  await db.update(receipts).set({ signature }).where(eq(receipts.hash, row.hash));
  return { ...row, signature };
}
