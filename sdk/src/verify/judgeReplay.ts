import { z } from 'zod';
import { scoreOf } from '../evidence/evidence.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { uint32Schema } from '../schema/primitives.ts';
import { type Check, check, skipped } from './checks.ts';
import { judgeSupport, measuredSupportSchema } from './judgeSupport.ts';

const tokenSchema = z.looseObject({ tokenId: uint32Schema, text: z.string() });

/** What an engine answers that was led along an answer (docs/interfaces.md, `POST /v1/replay`). */
export const replayedSchema = z.looseObject({
  promptTokenIds: z.array(uint32Schema),
  /** Of the prompt without passages: what is charged. */
  promptTokens: uint32Schema.optional(),
  /** What the passages did for the answer, measured again; null or missing without any. */
  passages: measuredSupportSchema.nullish(),
  /** The text that it makes of the tokens, and at which of them it ends; null: at none. */
  text: z.string(),
  endsAt: z.int().nullable(),
  tokens: z.array(
    z.looseObject({
      ...tokenSchema.shape,
      isChosen: z.boolean(),
      chosen: tokenSchema,
      rank: z.int().min(1),
      logprob: z.number(),
      /** Nats by which the difference of two logits must change for the token to be chosen. */
      gap: z.number().min(0),
    }),
  ),
});

/**
 * What of a receipt's trace says how its answer was made. The last three are missing in early receipts, and a setting that
 * was not asked for always is.
 */
export const generationSchema = z.looseObject({
  engineHash: z.string().nullish(),
  temperature: z.number(),
  topP: z.number(),
  seed: z.int(),
  maxTokens: z.int(),
  stop: z.array(z.string()),
  topK: z.int().optional(),
  minP: z.number().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  logitBias: z.record(z.string(), z.number()).optional(),
  finishReason: z.string(),
  device: z.string().nullish(),
  threads: z.number().nullish(),
  precision: z.string().nullish(),
});

export type Replayed = z.infer<typeof replayedSchema>;
export type Generation = z.infer<typeof generationSchema>;
/** The engine that replayed. */
export type ReplayEngine = Partial<Pick<Generation, 'engineHash' | 'device' | 'threads' | 'precision'>>;
/** Records by falling score, as the replaying engine finds them. */
export type Attributed = {
  queryRoot: string;
  nullThreshold: number;
  records: readonly { recordId: string; cluster: string; score: number }[];
};

/**
 * Up to what honest engines differ (docs/replay.md has the measurement): nats between a token and the one chosen instead,
 * and a record's score, as a share of the best one; also a source's support, as a share of the answer.
 */
export const replayTolerance = { nats: 0.5, score: 0.02 };
/** As many records an engine lists at most. */
const mostRecords = 32;

/**
 * Holds a receipt's answer against what an engine made of the same tokens. Sampled answers are drawn again; where another
 * engine drew them and the draws disagree, nothing can be said, since random numbers depend on its software. Nor can it
 * where the receipt says that its engine keeps weights in other bits than this one: that is another model by a little.
 * @param attributed what the engine finds as records, or the sentence why it could not look
 */
export function judgeReplay(
  bundle: Pick<ReceiptBundle, 'receipt' | 'answer' | 'evidence' | 'citations'>,
  made: Generation,
  replayed: Replayed,
  attributed: Attributed | string,
  engine: ReplayEngine,
  tolerance = replayTolerance,
): Check[] {
  const promptTokens = replayed.promptTokens ?? replayed.promptTokenIds.length;
  return [
    check(
      'prompt tokens',
      promptTokens === bundle.receipt.promptTokens,
      `The prompt has ${bundle.receipt.promptTokens} tokens here too.`,
      `The prompt has ${promptTokens} tokens here, and the receipt charges ${bundle.receipt.promptTokens}.`,
    ),
    judgeTokens(made, replayed, engine, tolerance.nats),
    judgeEnd(made, replayed),
    judgeText(bundle.answer ?? '', made, replayed),
    typeof attributed === 'string' ? skipped('scores', attributed) : judgeScores(bundle.evidence, attributed, tolerance.score),
    ...(bundle.evidence.passages.length > 0 ? [supportAt(bundle, made, replayed, engine, tolerance.score)] : []),
  ];
}

/** What of the engine differs from the one that the receipt names, or is not said by it. */
export function compareEngines(made: Generation, engine: ReplayEngine): string {
  const names = { engineHash: 'engine hash', device: 'device', threads: 'threads', precision: 'precision' } as const;
  const parts = (Object.keys(names) as (keyof typeof names)[]).flatMap((key) => {
    const [there, here] = [made[key], engine[key]];
    if (there === here && there != null) return [];
    return [`${names[key]} ${there ?? 'not stated'} there, ${here ?? 'not stated'} here`];
  });
  return parts.length === 0
    ? 'The receipt was made by the same engine in the same circumstances.'
    : `The receipt was made in other circumstances: ${parts.join('; ')}.`;
}

/** How an engine keeps its weights, told by its precision: `int8-bfloat16` are bytes that are added up in bfloat16. */
const weightsOf = (precision: string | null | undefined): string => /^(\w+)-/.exec(precision ?? '')?.[1] ?? 'whole';

/** Why an answer that comes out otherwise says nothing here; null where it does. */
function otherWeights(made: Generation, engine: ReplayEngine): string | null {
  const [there, here] = [weightsOf(made.precision), weightsOf(engine.precision)];
  if (there === here) return null;
  return `The receipt says that its engine keeps weights ${there}, and this one keeps them ${here}, so that nothing follows from it. Replay it on one that keeps them ${there} (openlora serve --weights ${there}).`;
}

const named = ({ tokenId, text }: { tokenId: number; text: string }): string => `${JSON.stringify(text)} (${tokenId})`;

function judgeTokens(made: Generation, { tokens }: Replayed, engine: ReplayEngine, tolerance: number): Check {
  const isSampled = made.temperature > 0;
  const how = isSampled ? `draws from seed ${made.seed} at temperature ${made.temperature}` : 'finds likeliest';
  const strange = tokens.filter(({ isChosen }) => !isChosen);
  const largest = tokens.reduce((most, { gap }) => Math.max(most, gap), 0);
  const holds = largest <= tolerance;
  const first = tokens.findIndex(({ isChosen, gap }) => !isChosen && (holds || gap > tolerance));
  const token = tokens[first];
  const all = `All ${tokens.length} tokens are those that this engine ${how}.`;
  if (strange.length === 0 || !token) return check('tokens', true, all, '');
  if (isSampled && !holds && (made.engineHash == null || made.engineHash !== engine.engineHash))
    return skipped('tokens', drawnElsewhere(tokens, strange.length));
  const count = `${tokens.length - strange.length} of ${tokens.length} tokens are those that this engine ${how}`;
  const where = `${holds ? 'The first other one' : 'The first one too far off'} is token ${first + 1}: the receipt has ${named(token)}, this engine chooses ${named(token.chosen)}, ${token.gap.toFixed(3)} nats apart`;
  const sentence = `${count}. ${where} (rank ${token.rank}). The largest gap is ${largest.toFixed(3)} nats, the tolerance ${tolerance}.`;
  const other = otherWeights(made, engine);
  if (!holds && other !== null) return skipped('tokens', `${sentence} ${other}`);
  return check('tokens', holds, sentence, sentence);
}

function supportAt(
  bundle: Pick<ReceiptBundle, 'evidence' | 'citations'>,
  made: Generation,
  { passages }: Replayed,
  engine: ReplayEngine,
  tolerance: number,
): Check {
  const judged = judgeSupport(bundle, passages, tolerance);
  const other = otherWeights(made, engine);
  return judged.status === 'failed' && passages && other !== null ? skipped('support', `${judged.sentence} ${other}`) : judged;
}

function drawnElsewhere(tokens: Replayed['tokens'], strange: number): string {
  const mean = tokens.reduce((sum, { logprob }) => sum + logprob, 0) / tokens.length;
  const least = tokens.reduce((worst, token) => (token.logprob < worst.logprob ? token : worst));
  return `${strange} of ${tokens.length} draws come out otherwise, but another engine drew them, so that only probabilities can be told: ${mean.toFixed(2)} nats a token on average, least for token ${tokens.indexOf(least) + 1}, ${named(least)}, with ${least.logprob.toFixed(2)} (rank ${least.rank}). Replay it on the engine that the receipt names.`;
}

function judgeEnd({ maxTokens, finishReason }: Generation, { tokens, endsAt }: Replayed): Check {
  const last = tokens.length - 1;
  if (endsAt !== null && endsAt < last)
    return check('end', false, '', `The answer ends with token ${endsAt + 1}, but ${last - endsAt} more tokens are charged.`);
  if (tokens.length > maxTokens)
    return check('end', false, '', `The answer has ${tokens.length} tokens, and ${maxTokens} were allowed.`);
  if (finishReason === 'stop' && endsAt === null)
    return check('end', false, '', 'The receipt says that the model ended the answer, but its last token ends none.');
  if (finishReason === 'length' && tokens.length < maxTokens)
    return check(
      'end',
      false,
      '',
      `The receipt says that the answer reached its limit, but it has ${tokens.length} of ${maxTokens} tokens.`,
    );
  return check('end', true, 'The answer ends where this engine would have ended it, or the caller left.', '');
}

function judgeText(answer: string, { finishReason }: Generation, { text }: Replayed): Check {
  // Of a broken stream what was delivered counts, which may lack what the engine still held back.
  const same = finishReason === 'cancelled' ? text.startsWith(answer) : text === answer;
  return check(
    'text',
    same,
    'The tokens spell the answer.',
    `The tokens spell ${JSON.stringify(text)}, which is not the answer.`,
  );
}

function judgeScores(
  { queryRoot, nullThreshold, records }: ReceiptBundle['evidence'],
  found: Attributed,
  tolerance: number,
): Check {
  if (nullThreshold !== found.nullThreshold)
    return check('scores', false, '', `The threshold is ${nullThreshold} in the receipt and ${found.nullThreshold} here.`);
  const stated = records.map((record) => ({ cluster: record.cluster, recordId: record.recordId, score: scoreOf(record) }));
  const [there, here] = [byCluster(stated, nullThreshold), byCluster(found.records, nullThreshold)];
  let worst = { recordId: '', there: 0, here: 0, difference: 0 };
  for (const { cluster, recordId } of [...stated, ...found.records]) {
    const scores = { there: there.scoreOf(cluster), here: here.scoreOf(cluster) };
    // One that a list leaves out scores no more than what ends that list.
    const missing = scores.there === undefined || scores.here === undefined;
    const pair = { there: scores.there ?? there.floor, here: scores.here ?? here.floor };
    const sign = scores.there === undefined ? pair.here - pair.there : pair.there - pair.here;
    const difference = missing ? Math.max(0, sign) : Math.abs(sign);
    if (difference > worst.difference) worst = { recordId, ...pair, difference };
  }
  if (worst.difference === 0 && queryRoot === found.queryRoot)
    return check('scores', true, `Query and scores of all ${stated.length} records are the same, to the last digit.`, '');
  const best = Math.max(1, ...stated.map(({ score }) => score), ...found.records.map(({ score }) => score));
  const share = worst.difference / best;
  const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
  const sentence = `The scores of ${stated.length} records differ by ${percent(share)} of the best one at most${worst.recordId ? ` (record ${worst.recordId}: ${worst.there} in the receipt, ${worst.here} here)` : ''}; the tolerance is ${percent(tolerance)}.`;
  return check('scores', share <= tolerance, sentence, sentence);
}

function byCluster(records: readonly { cluster: string; score: number }[], threshold: number) {
  const scores = new Map(records.map(({ cluster, score }) => [cluster, score]));
  const last = records.length >= mostRecords ? records.at(-1)?.score : undefined;
  return { scoreOf: (cluster: string) => scores.get(cluster), floor: last ?? threshold };
}
