import { m } from '#lib/paraglide/messages.js';

/** What each check of a receipt or a batch is about, in the reader's language. */
export function nameOfCheck(name: string): string {
  const names: Record<string, () => string> = {
    signature: m.check_signature,
    receiptHash: m.check_receipt_hash,
    channel: m.check_channel,
    composition: m.check_composition,
    evidence: m.check_evidence,
    trace: m.check_trace,
    routing: m.check_routing,
    run: m.check_run,
    prompt: m.check_prompt,
    answer: m.check_answer,
    release: m.check_release,
    index: m.check_index,
    sources: m.check_sources,
    citations: m.check_citations,
    terms: m.check_terms,
    fidelity: m.check_fidelity,
    fee: m.check_fee,
    allocation: m.check_allocation,
    sum: m.check_sum,
    query: m.check_query,
    scores: m.check_scores,
    ranking: m.check_ranking,
    header: m.check_batch_header,
    belongs: m.check_batch_belongs,
    parameters: m.check_batch_parameters,
    order: m.check_batch_order,
    signatures: m.check_batch_signatures,
    hashes: m.check_batch_hashes,
    allocations: m.check_batch_allocation_hashes,
    receiptsTree: m.check_batch_receipts,
    allocationsTree: m.check_batch_allocations,
    rewardsTree: m.check_batch_rewards,
    sums: m.check_batch_sums,
    growth: m.check_batch_growth,
  };
  return names[name]?.() ?? name;
}
