import { m } from '#lib/paraglide/messages.js';

/** What each check of a receipt is about, in the reader's language. */
export function nameOfCheck(name: string): string {
  const names: Record<string, () => string> = {
    signature: m.check_signature,
    receiptHash: m.check_receipt_hash,
    channel: m.check_channel,
    composition: m.check_composition,
    evidence: m.check_evidence,
    trace: m.check_trace,
    prompt: m.check_prompt,
    answer: m.check_answer,
    release: m.check_release,
    index: m.check_index,
    terms: m.check_terms,
    fee: m.check_fee,
    allocation: m.check_allocation,
    sum: m.check_sum,
  };
  return names[name]?.() ?? name;
}
