import { type BatchFile, batchFileSchema, type SettledReceipt, toJson } from '@openledger/sdk';
import { z } from 'zod';
import { inTurns } from '../inTurns.ts';
import { addJson, addText, type Ipfs } from '../ipfs/client.ts';

/** Largest page of a batch file, bytes. */
export const pageBytes = 256 * 1024;

/** A batch's file: all but its receipts, each of them as JSON text, and the whole as such. */
export type EncodedFile = { frame: z.input<typeof batchFileSchema>; receipts: string[]; text: string };

export async function encodeFile(file: BatchFile): Promise<EncodedFile> {
  const frame = z.encode(batchFileSchema, { ...file, receipts: [] });
  const receipts = await inTurns(file.receipts, encodeReceipt);
  const text = JSON.stringify(frame).replace('"receipts":[]', () => `"receipts":[${receipts.join(',')}]`);
  return { frame, receipts, text };
}

/** Pins a batch's file, in pages where it is large. Returns its CID. */
export async function pinBatch(ipfs: Ipfs, { frame, receipts, text }: EncodedFile): Promise<string> {
  if (Buffer.byteLength(text) <= pageBytes) return addText(ipfs, text);
  const pages: string[] = [];
  for (const page of paginate(receipts)) pages.push(await addText(ipfs, `{"receipts":[${page.join(',')}]}`));
  return addJson(ipfs, { ...frame, pages });
}

/** A receipt as the file has it, JSON text: what its schema would encode, but at half the cost, for a thousand at once. */
export function encodeReceipt(settled: SettledReceipt): string {
  const { receipt, allocations } = settled;
  return JSON.stringify({ ...settled, receipt: toJson(receipt), allocations: toJson(allocations) });
}

/** Cuts receipts, each JSON text, into runs that fit a page each; one that is larger than a page has its own. */
export function paginate(receipts: readonly string[], limit = pageBytes): string[][] {
  const frame = '{"receipts":[]}'.length;
  const pages: string[][] = [];
  let page: string[] = [];
  let size = frame;
  for (const receipt of receipts) {
    const bytes = Buffer.byteLength(receipt) + 1;
    if (page.length > 0 && size + bytes > limit) {
      pages.push(page);
      page = [];
      size = frame;
    }
    page.push(receipt);
    size += bytes;
  }
  if (page.length > 0) pages.push(page);
  return pages;
}
