// Batches that the contracts accept and that are nevertheless false: what a lying operator could settle.
import {
  type Allocation,
  addRewards,
  allocationHash,
  allocationsTree,
  type BatchFile,
  type BatchHeader,
  bodyHash,
  channel192,
  commitmentOf,
  dataCommitment,
  headerHash,
  openLedgerDomain,
  packChannelEntries,
  parametersHash,
  type ReceiptBundle,
  receiptsTree,
  rewardsTree,
  type Session,
  type SettledReceipt,
  signReceipt,
} from '@openledger/sdk';
import { keccak256 } from 'viem';
import { openIpfs } from '../../src/ipfs/client.ts';
import { pinBatch } from '../../src/settlement/file.ts';
import type { World } from './world.ts';

export type Settled = { header: BatchHeader; rewards: readonly Allocation[] };
export type Lie = {
  allocations?: (honest: Allocation[]) => Allocation[];
  rewards?: (honest: Allocation[]) => Allocation[];
  /** Leave the data unpublished. */
  isWithheld?: boolean;
};

/** Moves one wei from the account with most to another: all sums stay what the contracts check. */
export function moveOneWei(honest: Allocation[]): Allocation[] {
  const [giver] = [...honest].sort((a, b) => (a.amount < b.amount ? 1 : -1)); // some hold a weight and no amount
  const taker = honest.find((entry) => entry !== giver);
  if (!giver || !taker) throw new Error('Two accounts are needed.');
  return honest.map((entry) => {
    if (entry === giver) return { ...entry, amount: entry.amount - 1n };
    return entry === taker ? { ...entry, amount: entry.amount + 1n } : entry;
  });
}

/** Settles these receipts of one session as the operator's next batch, with a lie or without. */
export async function settleBatch(
  world: World,
  session: Session,
  bundles: readonly ReceiptBundle[],
  previous: Settled,
  lie: Lie = {},
): Promise<Settled> {
  const { contracts, deployment, operator } = world;
  const domain = openLedgerDomain(deployment.chainId, contracts.settlement.address);
  const receipts: SettledReceipt[] = [];
  for (const bundle of [...bundles].sort((a, b) => a.receipt.sequence - b.receipt.sequence)) {
    const { evidence, composition, channel } = bundle;
    const allocations = lie.allocations?.(bundle.allocations) ?? bundle.allocations;
    const receipt = { ...bundle.receipt, allocationHash: allocationHash(allocations) };
    const signature = await signReceipt(operator.account, receipt, domain);
    receipts.push({ receipt, signature, allocations, evidence, composition, payer: channel.payer, signer: channel.signer });
  }
  const [first] = bundles;
  if (!first || new Set(receipts.map(({ receipt }) => channel192(receipt.channel))).size !== 1)
    throw new Error('The receipts of one channel are needed.');
  const honest = addRewards(previous.rewards, receipts);
  const rewards = lie.rewards?.(honest) ?? honest;
  const { body: before } = previous.header;
  const dayIndex = await world.client.readContract({ ...contracts.settlement, functionName: 'dayIndex' });
  const file: BatchFile = {
    version: 1,
    operator: first.channel.operator,
    batchIndex: before.batchIndex + 1,
    feeVersion: first.receipt.feeVersion,
    dayIndex,
    parameters: first.parameters,
    receipts,
    rewards,
  };
  const cid = lie.isWithheld
    ? 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    : await pinBatch(openIpfs(world.ipfsUrl), file);
  const receiptsRoot = commitmentOf(receiptsTree(receipts));
  const channels = packChannelEntries(operator.address, [
    {
      ...session.voucher,
      collected: receiptsRoot.amount,
      previousSequence: (receipts[0]?.receipt.sequence ?? 1) - 1,
      lastSequence: receipts.at(-1)?.receipt.sequence ?? 0,
      signature: session.signature,
    },
  ]);
  const commitment = dataCommitment(cid);
  const body = {
    operator: operator.address,
    batchIndex: file.batchIndex,
    previousHash: headerHash(previous.header),
    receipts: receiptsRoot,
    allocations: commitmentOf(allocationsTree(receipts)),
    protocolFee: (receiptsRoot.amount * BigInt(first.fee.protocolFeeBps)) / 10_000n,
    feeVersion: file.feeVersion,
    dayIndex,
    parametersHash: parametersHash(file.parameters),
    channelsHash: keccak256(channels),
    dataHash: keccak256(commitment),
  };
  const tree = commitmentOf(rewardsTree(rewards));
  const { header } = previous;
  const opening = { bodyHash: bodyHash(before), rewards: header.rewards, settledAt: BigInt(header.settledAt) };
  const { blockNumber } = await world.transact(operator, contracts.settlement, 'settle', [
    body,
    tree,
    opening,
    channels,
    commitment,
  ]);
  const { timestamp } = await world.client.getBlock({ blockNumber });
  return { header: { body, rewards: tree, settledAt: Number(timestamp) }, rewards };
}
