import { openBatch, paidAnswer, ratingsAbi, readSettled, settledEvents } from '@openledger/sdk';
import type { ResultOf } from '@openledger/sdk/graph';
import type { Address, Hex } from 'viem';
import type { paidReceiptsQuery } from '#lib/graph/queries/market.ts';
import { m } from '#lib/paraglide/messages.js';
import { settlementSource } from '#lib/receipt/public/openSettled.ts';
import { readBatchFile } from '#lib/receipt/public/publicData.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import { transact } from '#lib/wallet/transact.ts';
import { commentDocument } from './comment.ts';

/** A receipt of the payer's with a release of the model in it. */
export type PaidReceipt = ResultOf<typeof paidReceiptsQuery>['receiptComponents'][number];
export type Opinion = { stars: number; comment: string };

/** The receipt to show: the newest whose batch is final and says where its receipts lie. */
export const showable = (paid: readonly PaidReceipt[]): PaidReceipt | undefined =>
  paid.find(({ receipt }) => receipt.batch.status === 'FINAL' && receipt.batch.dataCid);

/** Pins the comment, if there is one, and puts the receipt's proof together from public files. Throws a sentence that says what is missing. */
export async function rateModel(
  app: App,
  model: { number: number; name: string },
  { releaseHash, receipt: { batch, channelId, sequence, composition } }: PaidReceipt,
  { stars, comment }: Opinion,
): Promise<void> {
  const source = settlementSource(app);
  const of = {
    operator: batch.operatorAccount.id as Address,
    batchIndex: batch.batchIndex,
    headerHash: batch.headerHash as Hex,
  };
  const [event] = await settledEvents(source, { fromBlock: BigInt(app.config.deployment.startBlock) }, of);
  if (!event || !batch.dataCid) throw new Error(m.rating_unopened());
  const [file, { header, channels }] = await Promise.all([readBatchFile(app, batch.dataCid), readSettled(source, event)]);
  const part = composition.findIndex((component) => component.releaseHash === releaseHash);
  const paid = paidAnswer(openBatch(file, header, channels), { channel: channelId as Hex, sequence: Number(sequence) }, part);
  if (!paid) throw new Error(m.rating_unopened());
  await transact(app, {
    address: app.address('Ratings'),
    abi: ratingsAbi,
    title: m.rating_title({ name: model.name }),
    functionName: 'rate',
    args: [model.number, stars, await pinned(app, comment), paid],
  });
}

/** Changes a rating, which rests on the receipt that was shown before. */
export async function changeRating(
  app: App,
  model: { number: number; name: string },
  { stars, comment }: Opinion,
): Promise<void> {
  await transact(app, {
    address: app.address('Ratings'),
    abi: ratingsAbi,
    title: m.rating_title({ name: model.name }),
    functionName: 'changeRating',
    args: [model.number, stars, await pinned(app, comment)],
  });
}

/** CID of a comment, "" for none. */
async function pinned(app: App, comment: string): Promise<string> {
  const document = commentDocument(comment);
  return document.comment === '' ? '' : (await app.gateway.uploadDocument(document)).cid;
}
