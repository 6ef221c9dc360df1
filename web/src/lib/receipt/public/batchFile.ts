import { type BatchFile, batchFileSchema } from '@openledger/sdk';
import { z } from 'zod';

const pagedSchema = z.looseObject({ receipts: z.array(z.unknown()), pages: z.array(z.string()).default([]) });
const pageSchema = z.looseObject({ receipts: z.array(z.unknown()) });

/** Parses a batch's file with its pages put together; `read` fetches a file by its CID. */
export async function parseBatchFile(text: string, read: (cid: string) => Promise<string>): Promise<BatchFile> {
  const { pages, ...file } = pagedSchema.parse(JSON.parse(text));
  const more = await Promise.all(pages.map(async (cid) => pageSchema.parse(JSON.parse(await read(cid))).receipts));
  return batchFileSchema.parse({ ...file, receipts: [...file.receipts, ...more.flat()] });
}
