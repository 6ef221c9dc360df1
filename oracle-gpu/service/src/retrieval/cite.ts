import { type AllocationResult, type Citation, type CitedSource, type Evidence, toJson } from '@openledger/sdk';
import type { DonePassages } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { Retrieved } from './retrieve.ts';

/** What an answer rests on, as its receipt commits to it. */
export type Cited = {
  passages: Evidence['passages'];
  /** Without what they are paid, which follows from the allocation. */
  sources: Omit<CitedSource, 'amount'>[];
  citations: Citation[];
  unsupported: [number, number][];
  retrievalTokens: number;
};

/**
 * An answer's passages with the support that the engine measured for them.
 * @param measured null where the reader went away before it was: then nothing is cited, but the passages were read
 */
export function cite({ passages, tokens, mostTokens }: Retrieved, measured: DonePassages | null): Cited {
  const support = new Map((measured?.support ?? []).map((entry) => [entry.cluster, entry.support]));
  const sources = passages.map(({ recordId, cluster, title, shelf, record }, index) => ({
    n: index + 1,
    recordId,
    title,
    contributor: record.contributor,
    datanetId: shelf.datanetId,
    version: shelf.version,
    link: record.source.path,
    licence: record.source.licence,
    support: support.get(cluster) ?? 0,
    proof: shelf.prove(record),
  }));
  const citations = (measured?.citations ?? []).map(({ start, end, passages: places }) => ({
    start,
    end,
    sources: places.map((place) => place + 1),
  }));
  if (citations.some((citation) => citation.sources.some((n) => n > passages.length)))
    throw new ServiceError(503, 'engine_unavailable', 'The engine cites a passage that it was not given: try again.');
  return {
    passages: sources.map(({ datanetId, version, recordId, contributor, support: measuredSupport }, index) => ({
      datanetId,
      version,
      recordId,
      cluster: passages[index]?.cluster ?? recordId,
      contributor,
      support: measuredSupport,
    })),
    sources,
    citations,
    unsupported: measured?.unsupported ?? [],
    // Never more than was set aside for them.
    retrievalTokens: Math.min(measured?.tokens ?? tokens, mostTokens),
  };
}

/** The sources with what the cluster of each is paid by the answer, as JSON. */
export function pricedSources({ sources, passages }: Cited, { clusters }: AllocationResult['parts']) {
  return sources.map((source, index) => {
    const paid = clusters.find(({ cluster }) => cluster === passages[index]?.cluster)?.paid ?? 0n;
    return toJson({ ...source, amount: paid });
  });
}
