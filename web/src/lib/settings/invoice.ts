import { formatUnits } from 'viem';
import { toCsv } from './csv.ts';

/** A receipt of the payer as the subgraph knows it. */
export type Paid = {
  channelId: string;
  sequence: string;
  receiptHash: string;
  timestamp: string;
  promptTokens: string;
  completionTokens: string;
  fee: string;
  batch: { batchIndex: number; status: string; transactionHash: string; operatorAccount: { id: string } };
  composition: readonly { releaseHash: string; release: { model: { name: string } } | null }[];
};

const HEADER = [
  'time_utc',
  'model',
  'operator',
  'prompt_tokens',
  'answer_tokens',
  'amount_open',
  'amount_wei',
  'channel',
  'sequence',
  'receipt_hash',
  'batch',
  'batch_state',
  'settlement_transaction',
];

/** Receipts as an invoice, oldest first, with their sum. Column names are English in every language: machines read them. */
export function invoiceCsv(receipts: readonly Paid[]): string {
  const sorted = [...receipts].sort(
    (a, b) => Number(a.timestamp) - Number(b.timestamp) || Number(a.sequence) - Number(b.sequence),
  );
  const total = sorted.reduce((sum, { fee }) => sum + BigInt(fee), 0n);
  const sum = (count: (receipt: Paid) => string): bigint => sorted.reduce((all, receipt) => all + BigInt(count(receipt)), 0n);
  const rows = sorted.map((receipt) => [
    new Date(Number(receipt.timestamp) * 1000).toISOString(),
    receipt.composition.map(({ release, releaseHash }) => release?.model.name ?? releaseHash).join(' + '),
    receipt.batch.operatorAccount.id,
    receipt.promptTokens,
    receipt.completionTokens,
    formatUnits(BigInt(receipt.fee), 18),
    receipt.fee,
    receipt.channelId,
    receipt.sequence,
    receipt.receiptHash,
    receipt.batch.batchIndex,
    receipt.batch.status.toLowerCase(),
    receipt.batch.transactionHash,
  ]);
  const last = [
    'total',
    '',
    '',
    sum(({ promptTokens }) => promptTokens),
    sum(({ completionTokens }) => completionTokens),
    formatUnits(total, 18),
    total,
    '',
    '',
    '',
    '',
    '',
    '',
  ];
  return toCsv(HEADER, [...rows, last]);
}

/** Months an invoice can be of, from its first second to the first of the next, in Unix seconds UTC. */
export function monthOf(now: number, back: number): { from: number; until: number } {
  const date = new Date(now * 1000);
  const start = (offset: number): number => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1) / 1000;
  return { from: start(-back), until: start(1 - back) };
}
