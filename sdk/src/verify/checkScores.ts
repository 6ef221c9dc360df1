import { type RecordScore, scoreOf } from '../evidence/evidence.ts';
import { belongs, rankRows } from '../evidence/rankRows.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { int8Dot, int8FromHex, partialScores } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import type { IndexRows } from '../release/indexRows.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeId } from '../tree/treeId.ts';
import { attempt, type Check, check, skipped } from './checks.ts';

type Scored = Pick<ReceiptBundle, 'evidence' | 'query' | 'release' | 'composition'>;

/**
 * Checks the scores of a receipt from its query, which only the payer is given, and the rows that its release published:
 * the query opens, each listed score is the inner product, and no row is left out.
 * @param rows those of the release, or why there are none
 */
export async function checkScores(bundle: Scored, rows: IndexRows | string): Promise<Check[]> {
  const query = await attempt('query', () => checkQuery(bundle));
  if (query.status !== 'passed' || !bundle.query) {
    const why =
      query.status === 'failed' ? 'Nothing follows from a query that is not the one the evidence binds.' : query.sentence;
    return [query, skipped('scores', why), skipped('ranking', why)];
  }
  if (typeof rows === 'string') return [query, skipped('scores', rows), skipped('ranking', rows)];
  const components = int8FromHex(bundle.query);
  return [
    query,
    await attempt('scores', () => checkPartials(bundle, components, rows)),
    await attempt('ranking', () => checkRanking(bundle, components, rows)),
  ];
}

function checkQuery({ evidence, query, release, composition }: Scored): Check {
  if (composition.length > 1)
    return skipped('query', 'Several releases gave this answer: scores are recomputed for receipts of a single one only.');
  if (!query)
    return skipped(
      'query',
      evidence.queryRoot === zeroHash
        ? 'The evidence binds no query: nothing of this answer was attributed.'
        : 'Only the payer holds the query that the scores are computed from.',
    );
  const vector = int8FromHex(query);
  if (vector.length !== release.k)
    return check('query', false, '', `The query has ${vector.length} components, the release's rows have ${release.k}.`);
  const { root } = int8Tree(treeId.query, vector);
  return check(
    'query',
    root === evidence.queryRoot,
    `The query of ${vector.length} components is the one the evidence binds.`,
    `The query shown hashes to ${root}, the evidence binds ${evidence.queryRoot}.`,
  );
}

function checkPartials({ evidence: { records } }: Scored, query: Int8Array, rows: IndexRows): Check {
  const wrong = records.findIndex((record) => !isProduct(record, query, rows));
  return check(
    'scores',
    wrong === -1,
    `The scores of all ${records.length} records are the inner products of query and row.`,
    `The score of record ${wrong}, ${scoreIn(records[wrong])}, is not the inner product of query and row.`,
  );
}

function isProduct({ position, partials }: RecordScore, query: Int8Array, rows: IndexRows): boolean {
  const computed = partialScores(query, rows.componentsAt(position));
  return computed.length === partials.length && computed.every((partial, chunk) => partial === partials[chunk]);
}

const scoreIn = (record: RecordScore | undefined): number => (record ? scoreOf(record) : 0);

function checkRanking({ evidence: { records }, release: { nullThreshold } }: Scored, query: Int8Array, rows: IndexRows): Check {
  const right = rankRows(query, rows, nullThreshold);
  const missing = rows.leaves.find((leaf) => {
    const score = int8Dot(query, rows.componentsAt(leaf.position));
    return score > nullThreshold && belongs(records, leaf, score);
  });
  const passed = `Of all ${rows.leaves.length} rows of the index these ${records.length} are the ones above the threshold, best first, one per cluster.`;
  if (missing)
    return check(
      'ranking',
      false,
      passed,
      `Row ${missing.position} of the index is left out: it scores higher than what is listed.`,
    );
  const isSame = right.length === records.length && right.every((position, rank) => position === records[rank]?.position);
  return check(
    'ranking',
    isSame,
    passed,
    'The records listed are not those with the highest scores above the threshold, best first.',
  );
}
