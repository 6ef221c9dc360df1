import { belongs } from '../evidence/rankRows.ts';
import { int8Dot } from '../output/int8.ts';
import type { IndexLeaf } from '../release/release.ts';
import type { Case } from './fraudProof.ts';
import { type OpenedReceipt, openEvidence } from './openEvidence.ts';

/** A row that scores above the threshold and better than what the evidence lists in its place. */
export type Omitted = OpenedReceipt & { leaf: IndexLeaf; score: number; query: Int8Array; components: Int8Array };

/** Rows that evidence leaves out, where the payer's query is given with the release's rows: the first of each receipt. */
export function* omittedRows(given: Pick<Case, 'batch' | 'facts' | 'held'>): Generator<Omitted> {
  for (const one of openEvidence(given)) {
    const { queryRoot, records } = one.item.evidence;
    const [query, rows] = [given.held?.queries.get(queryRoot), given.held?.rows.get(one.releaseHash)];
    if (!query || !rows) continue;
    const { nullThreshold } = one.opened.release;
    for (const leaf of rows.leaves) {
      const components = rows.componentsAt(leaf.position);
      const score = int8Dot(query, components);
      if (score <= nullThreshold || !belongs(records, leaf, score)) continue;
      yield { ...one, leaf, score, query, components };
      break;
    }
  }
}
