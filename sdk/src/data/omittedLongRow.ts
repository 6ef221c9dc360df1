import { componentsPerChunk } from '../output/int8Tree.ts';
import type { Case } from '../proofs/fraudProof.ts';
import { type Omitted, omittedRows } from '../proofs/omittedRows.ts';

/**
 * A row of several chunks that evidence leaves out, where the payer's query is given with the release's rows. No transaction
 * shows both whole: asked for it on chain, the operator states what it scored, and loses its batch whatever it says.
 */
export function omittedLongRow(given: Pick<Case, 'batch' | 'facts' | 'held'>): Omitted | undefined {
  try {
    for (const one of omittedRows(given)) if (one.opened.release.k > componentsPerChunk) return one;
  } catch {
    return undefined; // a query of another length than the row: no honest receipt has it, and another fault shows it
  }
  return undefined;
}
