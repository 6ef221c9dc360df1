import { BigInt, Bytes } from '@graphprotocol/graph-ts';
import { EvidencePassage, RecordCitation } from '../../generated/schema';
import { bytes4, childId } from '../entities/ids';

/** Adds up by record how often it was looked up and cited, over one batch file or page. */
export class CitationTotals {
  batch: Bytes;
  prefix: Bytes;
  records: Map<string, RecordCitation> = new Map<string, RecordCitation>();

  constructor(batch: Bytes, page: i32) {
    this.batch = batch;
    this.prefix = childId(batch, page);
  }

  /** An answer names a record once at most, so that a passage is an answer. */
  add(passage: EvidencePassage): void {
    const record = this.recordOf(passage);
    record.passageCount = record.passageCount + 1;
    if (passage.support <= 0) return;
    record.citationCount = record.citationCount + 1;
    record.support = record.support.plus(BigInt.fromI32(passage.support));
  }

  private recordOf(passage: EvidencePassage): RecordCitation {
    const datanet = passage.datanet as string;
    const key = passage.recordId.toHexString() + datanet;
    if (this.records.has(key)) return this.records.get(key);
    const record = new RecordCitation(this.prefix.concat(passage.recordId).concat(bytes4(I32.parseInt(datanet))));
    record.batch = this.batch;
    record.recordId = passage.recordId;
    record.datanet = datanet;
    record.contributorAddress = passage.contributorAddress;
    record.contributor = passage.contributorAddress;
    record.passageCount = 0;
    record.citationCount = 0;
    record.support = BigInt.zero();
    this.records.set(key, record);
    return record;
  }

  save(): void {
    const records = this.records.values();
    for (let i = 0; i < records.length; i++) records[i].save();
  }
}
