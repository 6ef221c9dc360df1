import { type ParsedRecords, parseJsonl, previewLimits, receiptBundleSchema } from '@openledger/sdk';
import type { Hex } from 'viem';
import { type Context, now } from '../context.ts';
import type { RecordFiles } from '../datanets/records.ts';
import { ServiceError } from '../errors.ts';
import { openBundle } from '../receipts/bundle.ts';
import { compete, type Newcomer } from './compete.ts';
import { interval } from './interval.ts';
import { paidCalls, type ReleaseCalls } from './paidCalls.ts';
import { type Repeat, repeatsOf } from './repeats.ts';

type Previewer = Context & { files: RecordFiles };

/** Records that the engine is given at once: between two such lots it tells how far it is, and can be stopped. */
const lot = 32;
/** Below so many calls sums would say what single callers asked, and an interval nothing. */
export const leastCalls = 5;

export type Preview = Awaited<ReturnType<typeof previewEarnings>>;
/** A release whose calls could not be computed anew, and the engine's word for why. */
type Missing = { releaseHash: Hex; modelId: number; calls: number; code: string };

/** The file's records; 400 names every bad line, and nothing of it is kept. */
export function readPreviewFile(bytes: Uint8Array): ParsedRecords {
  const parsed = parseJsonl(bytes, previewLimits);
  const [first] = parsed.errors;
  if (first)
    throw new ServiceError(400, 'invalid_records', `Nothing was looked at: line ${first.line} ${first.reason}.`, {
      details: parsed.errors.slice(0, 100),
      errors: parsed.errors.length,
    });
  return parsed;
}

/**
 * What records of a file repeat, and what they would have earned on this operator's paid calls of the last 30 days, had
 * they been rows of the releases that answered. Everything stays in memory.
 * @param progress is told how much of the work is done, from 0 to 1
 */
export async function previewEarnings(
  context: Previewer,
  datanetId: number,
  parsed: ParsedRecords,
  signal: AbortSignal,
  progress: (share: number) => void,
) {
  const { compared, repeats } = await repeatsOf(context, datanetId, parsed);
  const calls = await paidCalls(context, datanetId);
  const rivals = rivalsOf(parsed, repeats);
  const earned = new Map<Hex, bigint>();
  const perCall: bigint[] = [];
  const missing: Missing[] = [];
  let replayed = 0;
  let total = 0;
  for (const [index, release] of calls.releases.entries()) {
    const report = (share: number): void => progress((index + share) / calls.releases.length);
    const scores = await scoresOf(context, release, rivals, signal, report).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.status >= 500 || error.code === 'bad_record') throw error;
      missing.push({ releaseHash: release.releaseHash, modelId: release.modelId, calls: release.total, code: error.code });
      return undefined;
    });
    if (!scores) continue;
    replayed += release.rows.length;
    total += release.total;
    for (const [at, row] of release.rows.entries()) {
      const bundle = receiptBundleSchema.parse(JSON.parse(await openBundle(context.releases, row, false)));
      const newcomers = rivals.map((rival, place) => ({ ...rival, score: scores[at]?.[place] ?? 0 }));
      const paid = bundle.composition.length === 1 ? compete(bundle, datanetId, newcomers) : new Map<Hex, bigint>();
      let sum = 0n;
      for (const [recordId, amount] of paid) {
        const scaled = scale(amount, release);
        earned.set(recordId, (earned.get(recordId) ?? 0n) + scaled);
        sum += scaled;
      }
      perCall.push(sum);
    }
  }
  const isEnough = replayed >= leastCalls;
  const amount = perCall.reduce((sum, part) => sum + part, 0n);
  return {
    datanetId,
    compared,
    since: calls.since,
    until: now(),
    calls: { total, replayed, others: calls.others, missing },
    earned: isEnough ? { amount, ...interval(perCall) } : null,
    records: parsed.recordIds.map((recordId) => ({
      recordId,
      repeats: repeats.get(recordId) ?? null,
      earned: isEnough ? (earned.get(recordId) ?? 0n) : null,
    })),
  };
}

/** A sample stands for all calls of its release. */
const scale = (amount: bigint, { total, rows }: ReleaseCalls): bigint => (amount * BigInt(total)) / BigInt(rows.length);

type Rival = Omit<Newcomer, 'score'> & { messages: ParsedRecords['records'][number]['messages'] };

/** Records that would be paid to the file's contributor: not what repeats the datanet; what repeats the file counts with its first. */
function rivalsOf({ records, recordIds }: ParsedRecords, repeats: ReadonlyMap<Hex, Repeat>): Rival[] {
  const clusters = new Map<Hex, Hex | undefined>();
  return records.flatMap(({ messages }, index) => {
    const recordId = recordIds[index] as Hex;
    const repeat = repeats.get(recordId);
    const cluster = !repeat ? recordId : 'of' in repeat ? undefined : clusters.get(repeat.ofRecord);
    clusters.set(recordId, cluster);
    return cluster === undefined ? [] : [{ recordId, cluster, messages }];
  });
}

/** int32 scores [calls][rivals], from the stored queries of the calls. */
async function scoresOf(
  { engine }: Context,
  { adapter, rows }: ReleaseCalls,
  rivals: readonly Rival[],
  signal: AbortSignal,
  report: (share: number) => void,
): Promise<number[][]> {
  const queries = rows.map(({ query }) => query);
  const scores: number[][] = rows.map(() => []);
  for (let start = 0; start < rivals.length; start += lot) {
    const records = rivals.slice(start, start + lot);
    const found = await engine.preview({ adapter, records, queries }, signal);
    found.scores.forEach((row, at) => {
      scores[at]?.push(...row);
    });
    report(Math.min(1, (start + lot) / rivals.length));
  }
  return scores;
}
