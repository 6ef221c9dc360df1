import {
  type BatchFile,
  openLedgerDomain,
  operatorRegistryAbi,
  type ReceiptBundle,
  type ReceiptFacts,
  readReceiptFacts,
  recoverReceiptSigner,
  type TrainingRecord,
} from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import { sameAddress } from '#lib/format/address.ts';
import { keys } from '#lib/graph/keys.ts';
import { batchCidQuery } from '#lib/graph/queries/receipts.ts';
import { recordTexts } from '#lib/receipt/recordTexts.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import type { SettledBatch, SettledReceipt } from '../types.ts';
import { parseBatchFile } from './batchFile.ts';
import { bundleFrom, type PublicBundle } from './bundle.ts';
import { readReleaseFiles } from './releaseFiles.ts';
import { readSettleCall, type SettleCall } from './settleCall.ts';

/** Everything public about one receipt: its batch file, the release's manifest and index, the chain. Nothing from its operator. */
export type PublicReceipt = PublicBundle & {
  file: BatchFile;
  call: SettleCall | undefined;
  facts: ReceiptFacts;
  /** Undefined where the file of the batch before could not be read. */
  previousRewards: BatchFile['rewards'] | undefined;
};

/** Files are named by their content, so what was read stays true. */
function readCid(app: App, cid: string): Promise<string> {
  return app.queryClient.fetchQuery({
    queryKey: keys.file(cid),
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => app.gateway.readFile(cid),
  });
}

export async function readBatchFile(app: App, cid: string): Promise<BatchFile> {
  return parseBatchFile(await readCid(app, cid), (page) => readCid(app, page));
}

async function readCall(app: App, batch: SettledBatch): Promise<SettleCall | undefined> {
  const { input } = await app.chain.getTransaction({ hash: batch.transactionHash as Hex });
  return readSettleCall(input);
}

/** The rewards of the batch before, as its file states them; none before the first batch. */
async function readPreviousRewards(app: App, batch: SettledBatch): Promise<BatchFile['rewards'] | undefined> {
  if (batch.batchIndex === 1) return [];
  const { batches } = await app.graph.read(batchCidQuery, {
    operator: batch.operatorAccount.id,
    batchIndex: batch.batchIndex - 1,
  });
  const cid = batches[0]?.dataCid;
  return cid ? (await readBatchFile(app, cid)).rewards : undefined;
}

/**
 * The signer to hold a receipt against: whoever signed it, if the registry says that this key signs, or once signed, for
 * the operator; else the operator's present one, against which the check then fails.
 */
async function signerOf(app: App, operator: Address, receipt: ReceiptBundle['receipt'], signature: Hex): Promise<Address> {
  const registry = { address: app.address('OperatorRegistry'), abi: operatorRegistryAbi } as const;
  const present = () => app.chain.readContract({ ...registry, functionName: 'signerOf', args: [operator] });
  const domain = openLedgerDomain(app.config.chainId, app.address('Settlement'));
  const recovered = await recoverReceiptSigner(receipt, signature, domain).catch(() => undefined);
  if (!recovered) return present();
  const owner = await app.chain.readContract({ ...registry, functionName: 'operatorOf', args: [recovered] });
  return sameAddress(owner, operator) ? recovered : present();
}

/** Puts a receipt's bundle together from IPFS and the chain alone. Rejects with a sentence that says what is missing. */
export async function readPublicReceipt(app: App, settled: SettledReceipt): Promise<PublicReceipt> {
  const { batch } = settled;
  if (!batch.dataCid) throw new Error('The batch does not say on IPFS where its receipts are.');
  const known = settled.composition[0]?.release;
  if (!known) throw new Error('The chain does not know the release that this receipt names.');
  const [file, call, previousRewards, { release, rows }] = await Promise.all([
    readBatchFile(app, batch.dataCid),
    readCall(app, batch),
    readPreviousRewards(app, batch).catch(() => undefined),
    readReleaseFiles(known.manifestCid, (cid) => readCid(app, cid)),
  ]);
  const sequence = Number(settled.sequence);
  const entry = file.receipts.find(({ receipt }) => receipt.channel === settled.channelId && receipt.sequence === sequence);
  if (!entry) throw new Error('The file of the batch does not hold this receipt.');

  const { receipt, signature, composition, evidence } = entry;
  const channel = { payer: entry.payer, operator: file.operator, signer: entry.signer };
  const positions = new Set(evidence.records.map(({ position }) => position));
  const contributions = rows.filter(({ position }) => positions.has(position)).map(({ contributionId }) => contributionId);
  const [facts, signer, texts] = await Promise.all([
    readReceiptFacts(app.chain, app.config.deployment, { receipt, channel, composition, evidence }),
    signerOf(app, file.operator, receipt, signature),
    // Contributions may be closed or gone; the receipt can be read without their words.
    recordTexts(app, contributions).catch(() => new Map<Hex, TrainingRecord>()),
  ]);
  const parts = bundleFrom({ settled, file, entry, call, terms: facts.terms, fee: facts.policy, release, rows, texts });
  return { ...parts, file, call, facts: { ...facts, signer }, previousRewards };
}
