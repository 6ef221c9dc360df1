import type { Context } from '../context.ts';
import { openBatchThread } from './batchThread.ts';
import type { NewBatch } from './build.ts';
import { checkInputOf, composeBatch, fileOf } from './compose.ts';
import { type EncodedFile, encodeFile } from './file.ts';

/**
 * Makes a batch of its receipts and checks it as anyone would, the long parts on a thread of its own.
 * @param stored its receipts
 * @param pin keeps its file. @returns the file's CID
 */
export async function prepareBatch(
  context: Pick<Context, 'db' | 'chain' | 'config' | 'ipfs' | 'releases'>,
  batch: NewBatch,
  stored: Parameters<typeof fileOf>[2],
  pin: (file: EncodedFile) => Promise<string>,
) {
  const file = await fileOf(context, batch, stored);
  const encoded = await encodeFile(file);
  const thread = openBatchThread(encoded.text);
  try {
    const dataCid = await pin(encoded);
    const composed = await composeBatch(context, file, dataCid, await thread.roots());
    const input = await checkInputOf(context, file, composed);
    const began = performance.now();
    const { checks, wrong } = await thread.check(input);
    return { file, dataCid, composed, checks, wrong, seconds: (performance.now() - began) / 1000 };
  } finally {
    await thread.close();
  }
}
