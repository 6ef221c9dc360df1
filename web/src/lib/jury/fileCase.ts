import { accusedReceipt, juryAbi } from '@openledger/sdk';
import type { Hex } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import { openSettled } from '#lib/receipt/public/openSettled.ts';
import type { PublicReceipt } from '#lib/receipt/public/publicData.ts';
import type { SettledBatch } from '#lib/receipt/types.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';

/** What can be asked about a receipt, by its number in the contract. */
export const RECEIPT_QUESTIONS = { OUTPUT: 0, QUERY: 1 } as const;
export type ReceiptQuestion = keyof typeof RECEIPT_QUESTIONS;

type Statement = { question: ReceiptQuestion; text: string; bond: bigint };

/** Pins the statement, lets the Jury take the bond and files the case. Throws a sentence that says what is missing. */
export async function fileCase(
  app: App,
  batch: SettledBatch,
  data: PublicReceipt,
  { question, text, bond }: Statement,
): Promise<void> {
  const { receipt, receiptHash, release } = data.bundle;
  const opened = await openSettled(app, batch, data);
  const accused = opened && accusedReceipt(opened, receipt, release);
  if (!accused) throw new Error(m.jury_file_unopened());
  const { cid } = await app.gateway.uploadDocument({ receiptHash, question, statement: text });
  const jury = { address: app.address('Jury'), abi: juryAbi } as const;
  await ensureAllowance(app, jury.address, bond, m.jury_bond());
  await transact(app, {
    ...jury,
    title: m.jury_file_title(),
    functionName: 'fileReceipt',
    args: [RECEIPT_QUESTIONS[question], accused, bond, cid],
  });
}

/** The bond that a case about the batch needs now, in wei; it doubles with every open case about it. */
export function bondFor(app: App, headerHash: string): Promise<bigint> {
  return app.chain.readContract({
    address: app.address('Jury'),
    abi: juryAbi,
    functionName: 'bondFor',
    args: [headerHash as Hex],
  });
}
