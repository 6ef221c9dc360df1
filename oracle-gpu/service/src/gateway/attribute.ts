import { type Evidence, zeroHash } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { Context } from '../context.ts';
import { ServiceError, sentence } from '../errors.ts';
import { quotedRow, quotedSource } from '../receipts/evidence.ts';
import type { LoadedRelease } from '../releases.ts';

const attempts = 4;

/** Why nothing was attributed: the datanets' pools are then paid, and the receipt's trace says so. */
export type Unattributed = 'release_without_index' | 'index_missing' | 'empty_answer';

/** `query`: the int8 components behind the evidence's root, for the payer; null where nothing was attributed. */
export type Attributed = { evidence: Evidence; query: Hex | null; unattributed?: Unattributed };

/** Part of an answer, in tokens, with each record's part of its score. */
export type ScoredSegment = { start: number; end: number; scores: number[] };

/**
 * Which records shaped an answer. Without records when there is no index or the answer has no token; an engine
 * that fails is asked again, and then the call fails: no one pays for an answer that cannot be attributed.
 * @param segmentEnds where phrases of the answer end, in tokens, to have the scores divided among them
 */
export async function attribute(
  context: Context,
  release: LoadedRelease,
  promptTokenIds: number[],
  tokenIds: number[],
  segmentEnds?: number[],
): Promise<Attributed & { segments?: ScoredSegment[] }> {
  const { nullThreshold, indexRows } = release.release;
  const empty: Evidence = { queryRoot: zeroHash, nullThreshold, records: [], spans: [], passages: [], parents: [] };
  const none = (unattributed: Unattributed): Attributed => ({ evidence: empty, query: null, unattributed });
  if (tokenIds.length === 0) return none('empty_answer');
  if (indexRows === 0) return none('release_without_index');
  for (let attempt = 1; ; attempt += 1) {
    try {
      const found = await context.engine.attribute({
        adapter: release.adapter,
        promptTokenIds,
        tokenIds,
        top: 32,
        ...(segmentEnds ? { segmentEnds } : {}),
      });
      if (found.nullThreshold !== nullThreshold)
        throw new ServiceError(503, 'engine_unavailable', 'The engine has another index than the release: restore its adapters.');
      if (found.spans === null)
        context.log.warn({ adapter: release.adapter }, 'the engine has lost the records’ tokens: no spans');
      const records = found.records.map((record) => quoteRecord(release, record));
      const spans = (found.spans ?? []).map(({ start, length, sources }) => ({
        start,
        length,
        sources: sources.map((source) => quoteSource(release, source)),
      }));
      const { queryRoot, query, segments } = found;
      return { evidence: { ...empty, queryRoot, records, spans }, query, ...(segments ? { segments } : {}) };
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'no_index') {
        context.log.warn({ adapter: release.adapter }, 'the engine has lost the index of a release: its pools are paid');
        return none('index_missing');
      }
      if (attempt === attempts)
        throw error instanceof ServiceError && error.status >= 500
          ? error
          : new ServiceError(503, 'engine_unavailable', 'The answer could not be attributed, so it is not charged: try again.');
      context.log.warn({ attempt, reason: sentence(error) }, 'attribution failed');
      await new Promise((done) => setTimeout(done, 250 * 2 ** attempt));
    }
  }
}

type Scored = { position: number; recordId: Hex; cluster: Hex; partials: number[]; rowRoot: Hex };

/** A scored record with what the index says of it. */
function quoteRecord(release: LoadedRelease, scored: Scored): Evidence['records'][number] {
  return { ...quotedRow(release.releaseHash, rowOf(release, scored)), partials: scored.partials };
}

type Source = { position: number; recordId: Hex; cluster: Hex; offset: number };

/** A record that contains a span, with what the index says of it. */
function quoteSource(release: LoadedRelease, source: Source): Evidence['spans'][number]['sources'][number] {
  return { ...quotedSource(release.releaseHash, rowOf(release, source)), offset: source.offset };
}

/** The index's row for what the engine names. Throws when engine and index disagree. */
function rowOf(release: LoadedRelease, named: { position: number; recordId: Hex; cluster: Hex; rowRoot?: Hex }) {
  const row = release.rows[named.position];
  const isSame = row?.recordId === named.recordId && row.cluster === named.cluster;
  if (!row || !isSame || (named.rowRoot !== undefined && row.rowRoot !== named.rowRoot))
    throw new Error(`Row ${named.position} of the engine's index is not the release's.`);
  return row;
}
