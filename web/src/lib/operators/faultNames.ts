import { m } from '#lib/paraglide/messages.js';
import type { OperatorChallenge } from './types.ts';

/** What a proof showed, in words. */
export function faultName(fault: OperatorChallenge['fault']): string {
  return {
    DISORDER: m.fault_disorder,
    MALFORMED_LEAF: m.fault_malformed_leaf,
    MISSING_RECEIPT: m.fault_missing_receipt,
    STRAY_RECEIPT: m.fault_stray_receipt,
    WRONG_COLLECTION: m.fault_wrong_collection,
    MISACCOUNTING: m.fault_misaccounting,
    STRAY_ALLOCATION: m.fault_stray_allocation,
    CONTRADICTED_RECEIPT: m.fault_contradicted_receipt,
    MISLABELLED_RECEIPT: m.fault_mislabelled_receipt,
    WRONG_PRICE: m.fault_wrong_price,
    UNFAITHFUL_ALLOCATION: m.fault_unfaithful_allocation,
    UNBALANCED_ALLOCATION: m.fault_unbalanced_allocation,
    UNFOUNDED_ALLOCATION: m.fault_unfounded_allocation,
    FALSE_RECORD: m.fault_false_record,
    FALSE_SCORE: m.fault_false_score,
    OMITTED_RECORD: m.fault_omitted_record,
    FALSE_SPAN: m.fault_false_span,
    WITHHELD_DATA: m.fault_withheld_data,
    EQUIVOCATION: m.fault_equivocation,
    OTHER: m.fault_other,
  }[fault]();
}
