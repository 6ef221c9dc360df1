import { type Hex, keccak256 } from 'viem';
import { hashAllocations } from '../evidence/allocationHash.ts';
import type { Allocation } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { accuse, type Case, type SignedReceipt } from '../proofs/fraudProof.ts';
import { openBatch } from '../proofs/openBatch.ts';
import { headerHash, parametersHash } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { addRewards, allocationLeaves, receiptLeaf, rewardLeaf } from '../settlement/batchTrees.ts';
import { type ChannelEntry, packChannelEntries } from '../settlement/channelEntries.ts';
import { compositionHash } from '../settlement/composition.ts';
import { type Receipt, signReceipt } from '../settlement/receipt.ts';
import type { Leaf } from '../tree/nodes.ts';
import { commitmentOf, treeAsGiven } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { withSentinels } from '../tree/withSentinels.ts';
import { testOperator } from '../verify/testReceipt.ts';
import { type MadeBatch, testDomain } from './honestBatch.ts';

/** What one receipt is made to say, signed so. */
export type Signed = Partial<Pick<SettledReceipt, 'evidence' | 'composition' | 'allocations'>> & { receipt?: Partial<Receipt> };

/** How an operator departs from an honest batch; whatever follows from it is committed as if it were true. */
export type Lie = {
  /** Of the receipt at a position: undefined leaves it as it is. */
  signed?: ((honest: SettledReceipt, position: number) => Signed | undefined) | undefined;
  /** What is settled for a receipt behind its back: it states other allocations. */
  settled?: ((stated: Allocation[], position: number) => Allocation[]) | undefined;
  /** Receipts of file and tree, as they are listed. */
  receipts?: (sorted: SettledReceipt[]) => SettledReceipt[];
  /** By which allocations count their receipts. */
  positions?: (receipts: SettledReceipt[]) => SettledReceipt[];
  rewards?: (honest: Allocation[]) => Allocation[];
  collected?: (honest: ChannelEntry[]) => ChannelEntry[];
  parameters?: (honest: BatchFile['parameters']) => BatchFile['parameters'];
};

const byKey = (a: Leaf, b: Leaf): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** The batch that an operator settles who lies so. Channels still pay what their receipts sum to, unless that is the lie. */
export async function falseBatch(honest: MadeBatch, lie: Lie): Promise<MadeBatch> {
  const signed: SettledReceipt[] = [];
  for (const [position, item] of honest.file.receipts.entries()) {
    const said = lie.signed?.(item, position);
    const stated = said ? await signFalsely(item, said) : item;
    signed.push({ ...stated, allocations: lie.settled?.([...stated.allocations], position) ?? stated.allocations });
  }
  const receipts = lie.receipts?.(signed) ?? signed;
  const positions = lie.positions?.([...receipts]) ?? receipts;
  const grown = addRewards(honest.context.previousRewards, receipts);
  const rewards = lie.rewards?.(grown) ?? grown;
  const parameters = lie.parameters?.(honest.file.parameters) ?? honest.file.parameters;
  const { operator } = honest.file;
  const fees = new Map<Hex, bigint>();
  for (const { receipt, payer, signer } of receipts) {
    const of = `${payer}${signer}` as Hex;
    fees.set(of, (fees.get(of) ?? 0n) + receipt.fee);
  }
  const paying = honest.entries.map((entry) => ({ ...entry, collected: fees.get(`${entry.payer}${entry.signer}` as Hex) ?? 0n }));
  const entries = lie.collected?.(paying) ?? paying;
  const channels = packChannelEntries(operator, entries);
  const file = { ...honest.file, parameters, receipts: positions, rewards };
  const treeOf = (id: number, leaves: Leaf[]) => commitmentOf(treeAsGiven(id, withSentinels(leaves)));
  const tree = treeOf(treeId.receipts, receipts.map(receiptLeaf));
  const body = {
    ...honest.header.body,
    receipts: tree,
    allocations: treeOf(treeId.allocations, allocationLeaves(positions).sort(byKey)),
    protocolFee: tree.amount / 10n,
    parametersHash: parametersHash(parameters),
    channelsHash: keccak256(channels),
  };
  const header = { ...honest.header, body, rewards: treeOf(treeId.rewards, rewards.map(rewardLeaf)) };
  const context = { ...honest.context, storedHeaderHash: headerHash(header) };
  return { ...honest, file, header, context, facts: { ...honest.facts, channels }, entries };
}

async function signFalsely(honest: SettledReceipt, { receipt: changed, ...parts }: Signed): Promise<SettledReceipt> {
  const { evidence, composition, allocations } = { ...honest, ...parts };
  const receipt = {
    ...honest.receipt,
    evidenceHash: evidenceHash(evidence),
    compositionHash: compositionHash(composition),
    allocationHash: hashAllocations(allocations),
    ...changed,
  };
  const signature = await signReceipt(testOperator, receipt, testDomain);
  return { ...honest, evidence, composition, allocations, receipt, signature };
}

/** What proofs against a batch are built from. */
export function caseOf(
  { file, header, facts, previous }: MadeBatch,
  signed: readonly SignedReceipt[] = [],
  stated: readonly (readonly Allocation[])[] = [],
): Case {
  return {
    batch: openBatch(file, header, facts.channels),
    accused: accuse(header, [previous.header]),
    previous,
    facts,
    signed,
    stated: new Map(stated.map((allocations) => [hashAllocations(allocations), allocations])),
  };
}
