import { BigInt, Bytes, JSONValue } from '@graphprotocol/graph-ts';
import { BatchAllocation, BatchReceipt, EvidencePassage, EvidenceRecord, ReceiptComponent } from '../../generated/schema';
import { childId } from '../entities/ids';
import {
  amountOf,
  anyBytesOf,
  asInteger,
  asObject,
  bytesOf,
  intOf,
  JsonObject,
  listOf,
  objectOf,
  smallIntegerOf,
} from '../decode/json';
import { receiptHash } from '../decode/receipt-hash';
import { CitationTotals } from './citation-totals';
import { ReleaseTotals } from './release-totals';

/** What the receipts of a file or page add up to. */
export class ReceiptSums {
  count: i32 = 0;
  fees: BigInt = BigInt.zero();
  allocated: BigInt = BigInt.zero();
}

/** Records all receipts of a batch file (page 0) or of one of its pages, who earned by which release, and who was cited. */
export function recordReceipts(batch: Bytes, page: i32, object: JsonObject): ReceiptSums {
  const sums = new ReceiptSums();
  const totals = new ReleaseTotals(batch, page);
  const citations = new CitationTotals(batch, page);
  const receipts = listOf(object, 'receipts');
  const pageId = childId(batch, page);
  for (let i = 0; i < receipts.length; i++) {
    const receipt = recordReceipt(batch, childId(pageId, i), asObject(receipts[i]), totals, citations);
    sums.count++;
    sums.fees = sums.fees.plus(receipt.fee);
    sums.allocated = sums.allocated.plus(receipt.allocated);
  }
  totals.save();
  citations.save();
  return sums;
}

function recordReceipt(
  batch: Bytes,
  id: Bytes,
  entry: JsonObject | null,
  totals: ReleaseTotals,
  citations: CitationTotals,
): BatchReceipt {
  const source = objectOf(entry, 'receipt');
  const receipt = new BatchReceipt(id);
  receipt.batch = batch;
  receipt.channelId = bytesOf(source, 'channel', 32);
  receipt.channel = receipt.channelId;
  receipt.sequence = amountOf(source, 'sequence');
  receipt.payer = bytesOf(entry, 'payer', 20);
  receipt.compositionHash = bytesOf(source, 'compositionHash', 32);
  receipt.promptTokens = amountOf(source, 'promptTokens');
  receipt.completionTokens = amountOf(source, 'completionTokens');
  receipt.retrievalTokens = amountOf(source, 'retrievalTokens');
  receipt.agentSteps = amountOf(source, 'agentSteps');
  receipt.fee = amountOf(source, 'fee');
  receipt.feeVersion = intOf(source, 'feeVersion');
  receipt.promptHash = bytesOf(source, 'promptHash', 32);
  receipt.outputHash = bytesOf(source, 'outputHash', 32);
  receipt.evidenceHash = bytesOf(source, 'evidenceHash', 32);
  receipt.allocationHash = bytesOf(source, 'allocationHash', 32);
  receipt.traceHash = bytesOf(source, 'traceHash', 32);
  receipt.parentReceipt = bytesOf(source, 'parentReceipt', 32);
  receipt.timestamp = amountOf(source, 'timestamp');
  receipt.signature = anyBytesOf(entry, 'signature');
  receipt.receiptHash = receiptHash(source);

  const evidence = objectOf(entry, 'evidence');
  if (smallIntegerOf(evidence, 'nullThreshold') !== null) receipt.nullThreshold = intOf(evidence, 'nullThreshold');
  const records = listOf(evidence, 'records');
  receipt.evidenceCount = records.length;
  for (let i = 0; i < records.length; i++) recordEvidence(receipt, i, asObject(records[i]));

  const passages = listOf(evidence, 'passages');
  receipt.passageCount = passages.length;
  for (let i = 0; i < passages.length; i++) citations.add(recordPassage(receipt, i, asObject(passages[i])));

  const composition = listOf(entry, 'composition');
  for (let i = 0; i < composition.length; i++) recordComponent(receipt, i, asObject(composition[i]));

  receipt.allocated = BigInt.zero();
  const allocations = listOf(entry, 'allocations');
  for (let i = 0; i < allocations.length; i++) {
    const allocation = recordAllocation(receipt, i, asObject(allocations[i]));
    receipt.allocated = receipt.allocated.plus(allocation.amount);
  }
  receipt.save();
  totals.add(receipt, composition, allocations);
  return receipt;
}

function recordEvidence(receipt: BatchReceipt, rank: i32, source: JsonObject | null): void {
  const record = new EvidenceRecord(childId(receipt.id, rank));
  record.receipt = receipt.id;
  record.batch = receipt.batch;
  record.rank = rank;
  record.releaseHash = bytesOf(source, 'releaseHash', 32);
  record.release = record.releaseHash;
  record.position = intOf(source, 'position');
  record.recordId = bytesOf(source, 'recordId', 32);
  record.cluster = bytesOf(source, 'cluster', 32);
  record.datanet = BigInt.fromI32(intOf(source, 'datanetId')).toString();
  record.contributorAddress = bytesOf(source, 'contributor', 20);
  record.contributor = record.contributorAddress;
  record.reviewerAddress = bytesOf(source, 'reviewer', 20);
  record.score = sumOf(listOf(source, 'partials'));
  record.save();
}

function recordPassage(receipt: BatchReceipt, position: i32, source: JsonObject | null): EvidencePassage {
  const passage = new EvidencePassage(childId(receipt.id, position));
  passage.receipt = receipt.id;
  passage.batch = receipt.batch;
  passage.position = position;
  passage.recordId = bytesOf(source, 'recordId', 32);
  passage.cluster = bytesOf(source, 'cluster', 32);
  passage.datanet = BigInt.fromI32(intOf(source, 'datanetId')).toString();
  passage.version = intOf(source, 'version');
  passage.contributorAddress = bytesOf(source, 'contributor', 20);
  passage.contributor = passage.contributorAddress;
  passage.support = intOf(source, 'support');
  passage.save();
  return passage;
}

/** A score is the sum of its partial sums. */
function sumOf(partials: JSONValue[]): BigInt {
  let score = BigInt.zero();
  for (let i = 0; i < partials.length; i++) {
    const partial = asInteger(partials[i]);
    if (partial !== null) score = score.plus(partial);
  }
  return score;
}

function recordComponent(receipt: BatchReceipt, position: i32, source: JsonObject | null): void {
  const component = new ReceiptComponent(childId(receipt.id, position));
  component.receipt = receipt.id;
  component.releaseHash = bytesOf(source, 'releaseHash', 32);
  component.release = component.releaseHash;
  component.termsVersion = intOf(source, 'termsVersion');
  component.weightBps = intOf(source, 'weightBps');
  component.save();
}

function recordAllocation(receipt: BatchReceipt, position: i32, source: JsonObject | null): BatchAllocation {
  const allocation = new BatchAllocation(childId(receipt.id, position));
  allocation.receipt = receipt.id;
  allocation.batch = receipt.batch;
  allocation.address = bytesOf(source, 'account', 20);
  allocation.account = allocation.address;
  allocation.amount = amountOf(source, 'amount');
  allocation.weight = amountOf(source, 'weight');
  allocation.save();
  return allocation;
}
