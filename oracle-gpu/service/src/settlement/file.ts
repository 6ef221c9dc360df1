import { type BatchFile, batchFileSchema, type SettledReceipt, settledReceiptSchema } from '@openledger/sdk';
import { z } from 'zod';
import { addJson, type Ipfs } from '../ipfs/client.ts';

/** Largest page of a batch file, bytes. */
export const pageBytes = 256 * 1024;

/** Pins a batch's file, in pages where it is large. Returns its CID. */
export async function pinBatch(ipfs: Ipfs, file: BatchFile): Promise<string> {
  const whole = z.encode(batchFileSchema, file);
  if (byteLength(whole) <= pageBytes) return addJson(ipfs, whole);
  const pages: string[] = [];
  for (const receipts of paginate(file.receipts)) pages.push(await addJson(ipfs, { receipts }));
  return addJson(ipfs, { ...whole, receipts: [], pages });
}

/** Cuts encoded receipts into runs that fit a page each; one that is larger than a page has its own. */
export function paginate(receipts: readonly SettledReceipt[], limit = pageBytes): unknown[][] {
  const frame = byteLength({ receipts: [] });
  const pages: unknown[][] = [];
  let page: unknown[] = [];
  let size = frame;
  for (const receipt of receipts) {
    const encoded = z.encode(settledReceiptSchema, receipt);
    const bytes = byteLength(encoded) + 1;
    if (page.length > 0 && size + bytes > limit) {
      pages.push(page);
      page = [];
      size = frame;
    }
    page.push(encoded);
    size += bytes;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}

function byteLength(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
