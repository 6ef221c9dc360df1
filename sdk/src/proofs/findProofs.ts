import { contradictedReceipt } from './contradictedReceipt.ts';
import { disorder } from './disorder.ts';
import { falseRecord } from './falseRecord.ts';
import { falseScore } from './falseScore.ts';
import { falseSpan } from './falseSpan.ts';
import type { Case, FraudProof } from './fraudProof.ts';
import { malformedLeaf } from './malformedLeaf.ts';
import { misaccounting } from './misaccounting.ts';
import { mislabelledReceipt } from './mislabelledReceipt.ts';
import { missingReceipt } from './missingReceipt.ts';
import { omittedRecord } from './omittedRecord.ts';
import { strayAllocation } from './strayAllocation.ts';
import { strayReceipt } from './strayReceipt.ts';
import { unbalancedAllocation } from './unbalancedAllocation.ts';
import { unfaithfulAllocation } from './unfaithfulAllocation.ts';
import { unfoundedAllocation } from './unfoundedAllocation.ts';
import { wrongCollection } from './wrongCollection.ts';
import { wrongPrice } from './wrongPrice.ts';

/** Every proof that voids a batch, those with the least to send first. */
export const voidingProofs = [
  disorder,
  malformedLeaf,
  mislabelledReceipt,
  contradictedReceipt,
  unbalancedAllocation,
  strayAllocation,
  misaccounting,
  unfaithfulAllocation,
  wrongPrice,
  wrongCollection,
  missingReceipt,
  strayReceipt,
  falseRecord,
  falseScore,
  omittedRecord,
  falseSpan,
  unfoundedAllocation,
] as const;

/** Those that what payers hold can bring about where the batch by itself shows nothing. */
const byPayers = [falseScore, omittedRecord, falseSpan] as const;

/** Proofs that hold against a batch, one of each fault that is found; none against an honest one. Never throws. */
export function findProofs(given: Case): FraudProof[] {
  return tryAll(voidingProofs, given);
}

/** The same, of evidence that payers open alone. */
export function heldProofs(given: Case): FraudProof[] {
  return tryAll(byPayers, given);
}

function tryAll(finders: readonly ((given: Case) => FraudProof | undefined)[], given: Case): FraudProof[] {
  return finders.flatMap((find) => {
    try {
      return find(given) ?? [];
    } catch {
      return []; // numbers that no honest batch holds, and no proof either: another fault shows them
    }
  });
}
