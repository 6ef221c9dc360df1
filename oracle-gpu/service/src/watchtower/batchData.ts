import { type BatchFile, batchFileSchema, settledReceiptSchema } from '@openledger/sdk';
import { z } from 'zod';
import type { Ipfs } from '../ipfs/client.ts';
import { readVerified } from '../ipfs/readVerified.ts';

/** What a batch commits to is there, by its hash, and is no batch file: nobody else can repair that. */
export class MalformedData extends Error {}

const commitmentScheme = 'ipfs://';
/** Most pages of a batch file. Each holds at least one receipt, and a batch settles in one transaction. */
const maxPages = 65_536;

const pagedSchema = batchFileSchema.extend({ pages: z.array(z.string()).max(maxPages).optional() });
const pageSchema = z.object({ receipts: z.array(settledReceiptSchema) });

/**
 * The file that a data commitment names, its pages put together.
 * Throws IpfsUnreachable, FileMissing, or MalformedData.
 */
export async function readBatchData(ipfs: Ipfs, dataCommitment: string): Promise<BatchFile> {
  if (!dataCommitment.startsWith(commitmentScheme))
    throw new MalformedData(`The data commitment "${dataCommitment}" names no file on IPFS.`);
  const cid = dataCommitment.slice(commitmentScheme.length);
  const { pages, ...file } = parse(pagedSchema, cid, await readVerified(ipfs, cid));
  const receipts = [...file.receipts];
  for (const page of pages ?? []) receipts.push(...parse(pageSchema, page, await readVerified(ipfs, page)).receipts);
  return { ...file, receipts };
}

/** A JSON document of a CID. Throws MalformedData unless it has that shape. */
export function parse<T extends z.ZodType>(schema: T, cid: string, bytes: Uint8Array): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new MalformedData(`The file ${cid} is no JSON.`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MalformedData(
    `The file ${cid} is not what it should be at ${issue?.path.join('.') || 'its top'}: ${issue?.message}.`,
  );
}
