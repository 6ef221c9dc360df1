import { Address, BigInt, Bytes, DataSourceContext, ethereum } from '@graphprotocol/graph-ts';
import { BatchFile as BatchFileTemplate } from '../generated/templates';
import { BatchFinalized, BatchRefunded, BatchSettled, BatchVoided, VoidCleared } from '../generated/Settlement/Settlement';
import { Batch, Challenge, ChannelCollection, RevenuePoint, UsagePoint } from '../generated/schema';
import { touch } from './entities/account';
import { activity } from './entities/activity';
import { loadBatch } from './entities/batch';
import { loadChannel, loadEscrow } from './entities/escrow';
import { batchId, eventId, numberId } from './entities/ids';
import { loadOperator } from './entities/operator';
import { loadProtocol, ZERO } from './entities/protocol';
import { ChannelEntry, channelId, channelsOf, ENTRY_BYTES } from './decode/settlement-call';

const IPFS_PREFIX = 'ipfs://';

/** CID of a data commitment `ipfs://…`; null for any other. */
function cidOf(commitment: Bytes): string | null {
  // A CID is plain ASCII; anything else is not looked at as text.
  if (commitment.length > 128) return null;
  for (let i = 0; i < commitment.length; i++) if (commitment[i] < 0x21 || commitment[i] > 0x7e) return null;
  const text = commitment.toString();
  if (!text.startsWith(IPFS_PREFIX)) return null;
  return text.slice(IPFS_PREFIX.length);
}

/** Asks for the batch file, which is checked against what the chain says of the batch. */
function requestBatchFile(batch: Batch, cid: string): void {
  const context = new DataSourceContext();
  context.setBytes('batch', batch.id);
  context.setBytes('operator', batch.operatorAccount);
  context.setI32('batchIndex', batch.batchIndex);
  context.setBigInt('callCount', batch.callCount);
  context.setBigInt('fees', batch.fees);
  context.setBigInt('allocated', batch.allocated);
  context.setBigInt('rewardsAmount', batch.rewardsAmount);
  context.setBigInt('rewardsWeight', batch.rewardsWeight);
  BatchFileTemplate.createWithContext(cid, context);
}

function recordCollection(batch: Batch, operator: Address, entry: ChannelEntry, event: ethereum.Event): void {
  const id = channelId(entry.payer, operator, entry.signer);
  const channel = loadChannel(id, entry.payer, operator, entry.signer, event);

  const collection = new ChannelCollection(batch.id.concat(id));
  collection.batch = batch.id;
  collection.channel = id;
  collection.collected = entry.collected;
  collection.lastSequence = entry.lastSequence;
  collection.callCount = entry.lastSequence.minus(channel.sequence);
  collection.cumulativeCeiling = entry.cumulativeCeiling;
  collection.maxSequence = entry.maxSequence;
  collection.app = entry.app;
  collection.appMarkupBps = entry.appMarkupBps;
  collection.expiry = entry.expiry;
  collection.save();

  channel.collected = channel.collected.plus(entry.collected);
  channel.sequence = entry.lastSequence;
  channel.save();

  const escrow = loadEscrow(entry.payer, operator, event);
  escrow.balance = escrow.balance.minus(entry.collected);
  escrow.collected = escrow.collected.plus(entry.collected);
  escrow.save();

  const payer = touch(entry.payer, event);
  payer.spent = payer.spent.plus(entry.collected);
  payer.save();
}

export function handleBatchSettled(event: BatchSettled): void {
  const id = batchId(event.params.operator, event.params.batchIndex);
  // Once a void batch's money is back, its number is used again.
  const replaced = loadBatch(event.params.operator, event.params.batchIndex);
  const batch = new Batch(replaced === null ? id : id.concat(eventId(event)));
  if (replaced !== null) {
    replaced.replacedBy = batch.id;
    replaced.save();
  }
  batch.operatorAccount = touch(event.params.operator, event).id;
  batch.operator = event.params.operator;
  batch.batchIndex = event.params.batchIndex.toI32();
  batch.status = 'PENDING';
  batch.headerHash = event.params.headerHash;
  batch.bodyHash = event.params.bodyHash;
  batch.callCount = event.params.receipts;
  batch.fees = event.params.collected;
  batch.allocated = event.params.allocated;
  batch.protocolFee = event.params.protocolFee;
  batch.feeVersion = event.params.feeVersion.toI32();
  batch.fee = numberId(event.params.feeVersion);
  batch.dayIndex = event.params.dayIndex.toI32();
  batch.receiptsRoot = event.params.receiptsRoot;
  batch.allocationsRoot = event.params.allocationsRoot;
  batch.rewardsRoot = event.params.rewardsRoot;
  batch.rewardsAmount = event.params.rewardsAmount;
  batch.rewardsWeight = event.params.rewardsWeight;
  batch.finalAt = event.params.finalAt;
  batch.settledAt = event.block.timestamp;
  batch.net = ZERO;
  batch.burned = ZERO;
  batch.toTreasury = ZERO;
  batch.dataCommitment = event.params.dataCommitment;
  batch.channelsRead = false;
  batch.isAccused = false;
  batch.transactionHash = event.transaction.hash;

  const cid = cidOf(event.params.dataCommitment);
  if (cid !== null) {
    batch.dataCid = cid;
    batch.file = batch.id;
    requestBatchFile(batch, cid);
  }
  const channels = channelsOf(event.transaction, event.address);
  if (channels !== null) {
    batch.channelsRead = true;
    for (let start = 0; start < channels.length; start += ENTRY_BYTES) {
      recordCollection(batch, event.params.operator, new ChannelEntry(channels, start), event);
    }
  }
  batch.save();

  const operator = loadOperator(event.params.operator, event);
  operator.batchCount += 1;
  operator.callCount = operator.callCount.plus(batch.callCount);
  operator.fees = operator.fees.plus(batch.fees);
  operator.save();

  const point = new UsagePoint(0);
  point.operator = event.params.operator;
  point.calls = batch.callCount;
  point.fees = batch.fees;
  point.save();

  const entry = activity(event, 'BATCH_SETTLED', event.params.operator);
  entry.batch = batch.id;
  entry.amount = batch.fees;
  entry.save();

  const totals = loadProtocol();
  totals.batchCount += 1;
  totals.callCount = totals.callCount.plus(batch.callCount);
  totals.fees = totals.fees.plus(batch.fees);
  totals.protocolFees = totals.protocolFees.plus(batch.protocolFee);
  totals.allocated = totals.allocated.plus(batch.allocated);
  totals.save();
}

/** A void batch takes all that was built on it along, but for what was void before. */
export function handleBatchVoided(event: BatchVoided): void {
  const first = event.params.batchIndex.toI32();
  const accused = loadBatch(event.params.operator, event.params.batchIndex)!;
  let count = 0;
  for (let index = first; index <= event.params.lastBatchIndex.toI32(); index++) {
    const batch = loadBatch(event.params.operator, BigInt.fromI32(index))!;
    if (batch.status == 'VOID') continue;
    batch.status = 'VOID';
    batch.voidedAt = event.block.timestamp;
    batch.challenge = accused.challenge;
    batch.save();
    count += 1;
  }
  const proof = accused.challenge;
  let challenge: Challenge | null = null;
  if (proof !== null) challenge = Challenge.load(proof);
  if (challenge !== null) {
    challenge.value = event.params.value;
    challenge.save();
  }

  const operator = loadOperator(event.params.operator, event);
  operator.batchVoidCount += count;
  operator.voidFrom = first;
  operator.save();
  const totals = loadProtocol();
  totals.batchVoidCount += count;
  totals.save();
}

/** All payers of a void batch have their money back. */
export function handleBatchRefunded(event: BatchRefunded): void {
  const batch = loadBatch(event.params.operator, event.params.batchIndex)!;
  batch.refundedAt = event.block.timestamp;
  batch.save();
}

/** All void batches are refunded: the operator can settle again. */
export function handleVoidCleared(event: VoidCleared): void {
  const operator = loadOperator(event.params.operator, event);
  operator.unset('voidFrom');
  operator.save();
}

export function handleBatchFinalized(event: BatchFinalized): void {
  const batch = loadBatch(event.params.operator, event.params.batchIndex)!;
  batch.status = 'FINAL';
  batch.finalizedAt = event.block.timestamp;
  batch.net = event.params.net;
  batch.burned = event.params.burned;
  batch.toTreasury = event.params.toTreasury;
  batch.finalizedTransactionHash = event.transaction.hash;
  batch.save();

  const operator = loadOperator(event.params.operator, event);
  operator.batchFinalCount += 1;
  operator.net = operator.net.plus(event.params.net);
  operator.save();

  const point = new RevenuePoint(0);
  point.net = event.params.net;
  point.burned = event.params.burned;
  point.toTreasury = event.params.toTreasury;
  point.save();

  const entry = activity(event, 'BATCH_FINALIZED', event.params.actor);
  entry.batch = batch.id;
  entry.amount = event.params.net;
  entry.save();

  const totals = loadProtocol();
  totals.batchFinalCount += 1;
  totals.net = totals.net.plus(event.params.net);
  totals.burned = totals.burned.plus(event.params.burned);
  totals.toTreasury = totals.toTreasury.plus(event.params.toTreasury);
  totals.save();
}
