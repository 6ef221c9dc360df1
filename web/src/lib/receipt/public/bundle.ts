import {
  allocateBundle,
  type BatchFile,
  indexTree,
  quotedRows,
  type ReceiptBundle,
  type ReceiptFacts,
  type Release,
  type TrainingRecord,
  treeProof,
} from '@openledger/sdk';
import { type Address, type Hex, zeroAddress } from 'viem';
import { sameAddress } from '#lib/format/address.ts';
import { answerOf } from '#lib/receipt/recordTexts.ts';
import type { SettledReceipt } from '../types.ts';
import type { IndexRow } from './releaseFiles.ts';
import type { SettleCall } from './settleCall.ts';

export type PublicBundle = {
  bundle: ReceiptBundle;
  /** What the records say, by record id, as far as their files could be read. */
  texts: Map<string, string>;
  /** Whether price and split can be computed: not when the voucher's application is unknown or several releases answered. */
  computable: boolean;
  /** Whether computing the split anew succeeds, so that it can be drawn. */
  drawable: boolean;
};

type Transfers = NonNullable<SettledReceipt['composition'][number]['release']>['model'];

/** Who owned the model at a time, in Unix seconds: the receiver of the last transfer before it. */
export function ownerAt({ owner, transfers }: Pick<Transfers, 'owner' | 'transfers'>, time: number): Address {
  const before = [...transfers]
    .sort((a, b) => Number(b.timestamp) - Number(a.timestamp))
    .find(({ timestamp }) => Number(timestamp) <= time);
  return (before?.to.id ?? transfers[0]?.to.id ?? owner.id) as Address;
}

type Parts = {
  settled: SettledReceipt;
  file: BatchFile;
  entry: BatchFile['receipts'][number];
  call: SettleCall | undefined;
  terms: ReceiptFacts['terms'];
  fee: ReceiptFacts['policy'];
  release: Release;
  rows: readonly IndexRow[];
  texts: ReadonlyMap<Hex, TrainingRecord>;
};

/** A receipt's bundle from its public parts. Question, answer, their salt and the trace of the call are not among them. */
export function bundleFrom({ settled, file, entry, call, terms, fee, release, rows, texts }: Parts): PublicBundle {
  const { receipt, evidence, composition } = entry;
  const channel = call?.channels.find(
    ({ payer, signer }) => sameAddress(payer, entry.payer) && sameAddress(signer, entry.signer),
  );
  const model = settled.composition[0]?.release?.model;
  const tree = indexTree(rows.map(leafOf));
  const used = quotedRows(evidence).flatMap(({ position }) =>
    rows.filter((row) => row.position === position && position < tree.count).slice(0, 1),
  );
  const bundle: ReceiptBundle = {
    receipt,
    receiptHash: settled.receiptHash as Hex,
    signature: entry.signature,
    channel: { payer: entry.payer, operator: file.operator, signer: entry.signer },
    composition,
    evidence,
    allocations: entry.allocations,
    trace: {},
    terms,
    developer: model ? ownerAt(model, receipt.timestamp) : zeroAddress,
    fee,
    parameters: file.parameters,
    app: { address: channel?.app ?? zeroAddress, markupBps: channel?.appMarkupBps ?? 0 },
    dayIndex: file.dayIndex,
    indexProofs: used.map((row) => ({
      recordId: row.recordId,
      leaf: leafOf(row),
      index: row.position,
      count: rows.length,
      proof: treeProof(tree, row.position),
    })),
    release,
    records: used.flatMap(({ recordId, contributionId, contributor, datanetId }) => {
      const record = texts.get(recordId);
      return record ? [{ recordId, source: record.source, contributionId, contributor, datanetId }] : [];
    }),
    status: settled.batch.status === 'FINAL' ? 'final' : 'settled',
    batchIndex: file.batchIndex,
  };
  const computable = channel !== undefined && composition.length === 1;
  return {
    bundle,
    texts: new Map([...texts].map(([id, record]) => [id, answerOf(record)])),
    computable,
    drawable: computable && canAllocate(bundle),
  };
}

function canAllocate(bundle: ReceiptBundle): boolean {
  try {
    allocateBundle(bundle);
    return true;
  } catch {
    return false;
  }
}

function leafOf({
  position,
  recordId,
  contributor,
  cluster,
  tokensRoot,
  scaleBits,
  rowRoot,
}: IndexRow): ReceiptBundle['indexProofs'][number]['leaf'] {
  return { position, recordId, contributor, cluster, tokensRoot, scaleBits, rowRoot };
}
