import { readFileSync } from 'node:fs';
import { parseJsonl, type ReceiptBundle, recordLimits } from '@openledger/sdk';
import { z } from 'zod';
import type { QuotedPassage } from '../engine/client.ts';

/** SHA-256 of each passage's text, in the order of the evidence. */
const digestsSchema = z.object({ passages: z.array(z.string()) });

/**
 * The passages that an answer was given from, with the records that hold their text, which a receipt does not.
 * @param file JSONL as contributed, with those records among others
 * Throws one sentence that says what to do where a record or the passages' digests are missing.
 */
export function quotedPassages({ evidence, trace, sources = [] }: ReceiptBundle, file: string | undefined): QuotedPassage[] {
  if (evidence.passages.length === 0) return [];
  const digests = digestsSchema.safeParse(trace).data?.passages;
  if (digests?.length !== evidence.passages.length)
    throw new Error('The receipt does not say which pieces of its sources were read: it is too old to be replayed.');
  const contributions = [...new Set(sources.map(({ datanetId, proof }) => `${proof.contributionId} of datanet ${datanetId}`))];
  const get = `give the records of contribution ${contributions.join(' and ')} with --records <file.jsonl>`;
  if (file === undefined)
    throw new Error(`This answer was given from ${digests.length} passages, whose text a receipt does not hold: ${get}.`);
  const records = readRecords(file);
  return evidence.passages.map(({ recordId, cluster }, index) => {
    const record = records.get(recordId);
    if (!record) throw new Error(`${file} does not hold record ${recordId}, which the answer was given from: ${get}.`);
    return { recordId, cluster, ...record, sha256: digests[index] ?? '' };
  });
}

function readRecords(file: string): Map<string, Pick<QuotedPassage, 'messages' | 'source'>> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new Error(`There is no file ${file} to read: name one with records, as they were contributed, with --records.`);
  }
  // Several contributions may have been put into one file.
  const unlimited = { ...recordLimits, fileBytes: Number.POSITIVE_INFINITY, records: Number.POSITIVE_INFINITY };
  const { records, recordIds } = parseJsonl(bytes, unlimited);
  return new Map(recordIds.map((id, index) => [id, records[index] as Pick<QuotedPassage, 'messages' | 'source'>]));
}
