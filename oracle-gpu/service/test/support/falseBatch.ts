// Batches that the contracts accept and that are nevertheless false: what a lying operator could settle.
import {
  type Allocation,
  addRewards,
  allocationLeaves,
  type BatchFile,
  type BatchHeader,
  batchParametersSchema,
  channelId,
  commitmentOf,
  dataCommitment,
  type Evidence,
  evidenceHash,
  hashAllocations,
  headerHash,
  type Leaf,
  openLedgerDomain,
  openRewards,
  packChannelEntries,
  parametersHash,
  type Receipt,
  type ReceiptBundle,
  receiptHash,
  receiptLeaf,
  rewardLeaf,
  type Session,
  type SettledReceipt,
  signReceipt,
  sortReceipts,
  toJson,
  treeAsGiven,
  treeId,
  withSentinels,
  zeroHash,
} from '@openledger/sdk';
import { keccak256 } from 'viem';
import { openIpfs } from '../../src/ipfs/client.ts';
import { encodeFile, pinBatch } from '../../src/settlement/file.ts';
import type { World } from './world.ts';

export type Settled = { header: BatchHeader; rewards: readonly Allocation[] };
export type SettledFile = Settled & { file: BatchFile; cid: string };
export type Lie = {
  /** Of each receipt, in its signature too. */
  allocations?: (honest: Allocation[], position: number) => Allocation[];
  /** Of each receipt, behind its back: it states other ones. */
  settledAllocations?: (stated: Allocation[], position: number) => Allocation[];
  /** What a receipt says it rests on, signed so. */
  evidence?: (honest: Evidence, position: number) => Evidence;
  /** Fields of a receipt, signed so; a changed fee changes what the richest account gets. */
  receipt?: (honest: Receipt, position: number) => Partial<Receipt>;
  rewards?: (honest: Allocation[]) => Allocation[];
  /** Order of the receipts in file and tree, which is else that of their keys. */
  order?: (sorted: SettledReceipt[]) => SettledReceipt[];
  /** Order of the file alone, by which allocations count their receipts. */
  positions?: (sorted: SettledReceipt[]) => SettledReceipt[];
  /** What each channel pays, in the order of the sessions given. */
  collected?: (honest: bigint[]) => bigint[];
  /** What the allocations are said to rest on, besides the evidence. */
  parameters?: (honest: BatchFile['parameters']) => BatchFile['parameters'];
  /** Leave the data unpublished. */
  isWithheld?: boolean;
  /** Publish something else under the commitment. */
  isMalformed?: boolean;
};

const byKey = (a: Leaf, b: Leaf): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** The account that gets most: some hold a weight and no amount. */
export function richest(allocations: readonly Allocation[]): Allocation {
  const [most] = [...allocations].sort((a, b) => (a.amount < b.amount ? 1 : -1));
  if (!most) throw new Error('A receipt allocates to somebody.');
  return most;
}

/** Moves one wei from the account with most to another: all sums stay what the contracts check. */
export function moveOneWei(honest: Allocation[]): Allocation[] {
  const giver = richest(honest);
  const taker = honest.find((entry) => entry !== giver);
  if (!taker) throw new Error('Two accounts are needed.');
  return honest.map((entry) => {
    if (entry === giver) return { ...entry, amount: entry.amount - 1n };
    return entry === taker ? { ...entry, amount: entry.amount + 1n } : entry;
  });
}

/** Settles these receipts as the operator's next batch (its first without a previous one), with a lie or without. */
export async function settleBatch(
  world: Pick<World, 'client' | 'contracts' | 'deployment' | 'ipfsUrl' | 'operator' | 'transact'>,
  session: Session | readonly Session[],
  bundles: readonly ReceiptBundle[],
  previous: Settled | undefined,
  lie: Lie = {},
): Promise<SettledFile> {
  const { contracts, deployment, operator } = world;
  const sessions: readonly Session[] = 'voucher' in session ? [session] : session;
  const domain = openLedgerDomain(deployment.chainId, contracts.settlement.address);
  const [first] = bundles;
  if (!first) throw new Error('A receipt is needed.');
  const protocolBps = BigInt(first.fee.protocolFeeBps);
  const signed: SettledReceipt[] = [];
  for (const [position, bundle] of sortReceipts(bundles).entries()) {
    const { composition, channel } = bundle;
    const evidence = lie.evidence?.(bundle.evidence, position) ?? bundle.evidence;
    const changed = lie.receipt?.(bundle.receipt, position) ?? {};
    const more = (changed.fee ?? bundle.receipt.fee) - bundle.receipt.fee;
    const given = lie.allocations?.(bundle.allocations, position) ?? bundle.allocations;
    const taker = richest(given);
    const share = more - (more * protocolBps) / 10_000n;
    const stated = given.map((one) => (one === taker ? { ...one, amount: one.amount + share } : one));
    const bound = { evidenceHash: evidenceHash(evidence), allocationHash: hashAllocations(stated) };
    const receipt = { ...bundle.receipt, ...bound, ...changed };
    const signature = await signReceipt(operator.account, receipt, domain);
    const allocations = lie.settledAllocations?.(stated, position) ?? stated;
    signed.push({ receipt, signature, allocations, evidence, composition, payer: channel.payer, signer: channel.signer });
  }
  const sorted = sortReceipts(signed);
  const receipts = lie.order?.(sorted) ?? sorted;
  const positions = lie.positions?.(receipts) ?? receipts;
  const honest = addRewards(previous?.rewards ?? [], receipts);
  const rewards = lie.rewards?.(honest) ?? honest;
  const dayIndex = await world.client.readContract({ ...contracts.settlement, functionName: 'dayIndex' });
  const file: BatchFile = {
    version: 1,
    operator: first.channel.operator,
    batchIndex: (previous?.header.body.batchIndex ?? 0) + 1,
    feeVersion: first.receipt.feeVersion,
    dayIndex,
    parameters: lie.parameters?.(first.parameters) ?? first.parameters,
    receipts: positions,
    rewards,
  };
  const cid = lie.isWithheld
    ? 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    : lie.isMalformed
      ? await openIpfs(world.ipfsUrl).add(new TextEncoder().encode('{"version":1}'))
      : await pinBatch(openIpfs(world.ipfsUrl), await encodeFile(file));
  const treeOf = (id: number, leaves: Leaf[]) => commitmentOf(treeAsGiven(id, withSentinels(leaves)));
  const receiptsRoot = treeOf(treeId.receipts, receipts.map(receiptLeaf));
  const ofSession = sessions.map((one) => {
    const channel = channelId(one.voucher);
    const mine = bundles.filter(({ receipt }) => receipt.channel === channel).map(({ receipt }) => receipt.sequence);
    const paid = signed.filter(({ receipt }) => receipt.channel === channel);
    const collected = paid.reduce((sum, { receipt }) => sum + receipt.fee, 0n);
    return { session: one, collected, previousSequence: Math.min(...mine) - 1, lastSequence: Math.max(...mine) };
  });
  const sums = ofSession.map(({ collected }) => collected);
  const collected = lie.collected?.(sums) ?? sums;
  const channels = packChannelEntries(
    operator.address,
    ofSession.map(({ session: one, previousSequence, lastSequence }, index) => ({
      ...one.voucher,
      collected: collected[index] ?? 0n,
      previousSequence,
      lastSequence,
      signature: one.signature,
    })),
  );
  const commitment = dataCommitment(cid);
  const body = {
    operator: operator.address,
    batchIndex: file.batchIndex,
    previousHash: previous ? headerHash(previous.header) : zeroHash,
    receipts: receiptsRoot,
    allocations: treeOf(treeId.allocations, allocationLeaves(positions).sort(byKey)),
    protocolFee: (receiptsRoot.amount * protocolBps) / 10_000n,
    feeVersion: file.feeVersion,
    dayIndex,
    parametersHash: parametersHash(file.parameters),
    channelsHash: keccak256(channels),
    dataHash: keccak256(commitment),
  };
  const tree = treeOf(treeId.rewards, lie.rewards ? rewards.map(rewardLeaf) : rewards.map(rewardLeaf).sort(byKey));
  const opening = openRewards(previous?.header);
  const { blockNumber } = await world.transact(operator, contracts.settlement, 'settle', [
    body,
    tree,
    opening,
    channels,
    commitment,
  ]);
  const { timestamp } = await world.client.getBlock({ blockNumber });
  return { header: { body, rewards: tree, settledAt: Number(timestamp) }, rewards, file, cid };
}

/** Has the database say that the service itself built and signed that batch: as after a fault in its code. */
export async function ownUp(world: World, { header, rewards, file, cid }: SettledFile): Promise<void> {
  const { body } = header;
  const quote = (value: unknown): string => `'${JSON.stringify(toJson(value)).replaceAll("'", "''")}'`;
  await world.query(
    `INSERT INTO batches (batch_index, status, fee_version, day_index, parameters, receipts, collected, rewards, data_cid)
     VALUES (${body.batchIndex}, 'built', ${body.feeVersion}, ${body.dayIndex},
       ${quote(batchParametersSchema.parse(file.parameters))}, ${body.receipts.weight}, ${body.receipts.amount}, ${quote(rewards)}, '${cid}')`,
  );
  for (const { receipt, signature, allocations } of file.receipts) {
    const hash = receiptHash(receipt);
    const where = `channel = '${receipt.channel}' AND sequence = ${receipt.sequence}`;
    await world.query(
      `UPDATE sessions SET spent = spent + ${receipt.fee} - (SELECT fee FROM receipts WHERE ${where}) WHERE channel = '${receipt.channel}'`,
    );
    await world.query(
      `UPDATE receipts SET batch_index = ${body.batchIndex}, hash = '${hash}', fee = ${receipt.fee}, signature = '${signature}',
         bundle = (bundle::jsonb || jsonb_build_object('receipt', ${quote(receipt)}::jsonb, 'allocations', ${quote(allocations)}::jsonb))::json
       WHERE ${where}`,
    );
  }
}
