import { randomUUID } from 'node:crypto';
import { citationsHash, hashJson } from '@openledger/sdk';
import { type Hex, sha256, stringToBytes } from 'viem';
import { type Context, now } from '../context.ts';
import { bundleText, type ReceiptRow } from '../receipts/bundle.ts';
import { cite } from '../retrieval/cite.ts';
import type { Retrieved } from '../retrieval/retrieve.ts';
import type { Account } from '../sessions/book.ts';
import type { Asked, Choice } from './asked.ts';
import { attribute } from './attribute.ts';
import { type Composed, composeReceipt } from './composeReceipt.ts';
import type { Delivered } from './delivered.ts';
import { echoOf } from './echo.ts';
import { generate } from './generate.ts';
import { quote } from './quote.ts';
import { renderResponse, renderStream } from './render.ts';
import type { Sampling } from './requestFields.ts';
import { type Reservation, reserve } from './reserve.ts';
import type { ServedModel } from './resolveModel.ts';
import type { Slots } from './slots.ts';
import { keyOf } from './stored.ts';

/** Where an answer goes as it is made. `write` returns false once nobody listens any more. */
export type Sink = { write: (text: string) => boolean; signal: AbortSignal };

/** One answer that is asked for: what was asked, and how it is to be told. */
export type Call = {
  id: string;
  idempotencyKey: string | null;
  /** Nonce of the transfer that pays for this call, if one does: the receipt's trace names it. */
  payment?: string | undefined;
  /** Hash of the agent's run that this call is a step of. */
  parentReceipt?: Hex | undefined;
  requestHash: string;
  created: number; // seconds since 1970
  model: string;
  stream: boolean;
  includeUsage: boolean;
};

/** An answer that is about to be made, with the money that is set aside for it. */
export type Answering = {
  call: Call;
  reservation: Reservation;
  choice: Pick<Choice, 'input' | 'quoted'>;
  generation: Sampling & { maxTokens: number; seed: number };
  promptTokenIds: number[];
};

/** How the answers of a call are made and told. */
export type Manner = Pick<Asked, 'shape' | 'echo' | 'logprobs' | 'format' | 'isPublic'>;

export type Prepared = {
  session: Account;
  model: ServedModel;
  asked: Manner;
  answers: [Answering, ...Answering[]];
  retrieved?: Retrieved | undefined;
  giveBack: () => void;
  /** Ends the answers whoever still listens, as when an agent's time is up. */
  cancelled?: AbortSignal;
};

/** Everything before the first token: the model, the price, the money set aside. */
export async function prepare(
  context: Context,
  slots: Slots,
  session: Account,
  asked: Asked,
  idempotencyKey: string | undefined,
  payment?: string,
): Promise<Prepared> {
  const giveBack = slots.take(session.channel, asked.choices.length);
  try {
    const { model, choices, retrieved } = await quote(context, asked, session);
    const requestHash = idempotencyKey ? hashJson(asked.body) : '';
    const created = now();
    const calls = choices.map((_, index): Call => {
      const key = idempotencyKey ? keyOf(idempotencyKey, index) : null;
      const { stream, includeUsage } = asked;
      return { id: randomUUID(), idempotencyKey: key, payment, requestHash, created, model: model.name, stream, includeUsage };
    });
    const wanted = calls.map(({ idempotencyKey: key }, index) => ({
      idempotencyKey: key,
      requestHash,
      most: choices[index]?.most ?? 0n,
    }));
    const reservations = await reserve(context, session, wanted);
    const [first, ...others] = choices.map(({ choice, promptTokenIds, maxTokens }, index): Answering => {
      const generation = { maxTokens, ...asked.sampling, seed: choice.seed };
      const [call, reservation] = [calls[index] as Call, reservations[index] as Reservation];
      return { call, reservation, choice, generation, promptTokenIds };
    });
    if (!first) throw new Error('A call asks for no answer.');
    return { session, model, asked, answers: [first, ...others], retrieved, giveBack };
  } catch (error) {
    giveBack();
    throw error;
  }
}

/**
 * Generates, attributes and charges. Text goes to `sink` as it comes (streams only); when the listener goes
 * away, what was delivered until then is charged, and nothing if that is nothing. A failed call is not charged: of several
 * answers none is charged before all are made.
 * @returns the answer, empty for a stream
 */
export async function produce(context: Context, prepared: Prepared, sink: Sink): Promise<string> {
  const charged = await produceCharged(context, prepared, sink);
  const { release } = prepared.model;
  const told = charged.map(({ row, call, delivered }) => ({ call, delivered, bundle: bundleText(row, release, true) }));
  const [first, ...others] = told as [(typeof told)[number], ...typeof told];
  if (!first.call.stream) return renderResponse([first, ...others]);
  sink.write(renderStream(first.call, first.delivered).end(first.delivered, first.bundle));
  return '';
}

type Charged = { row: ReceiptRow; call: Call; delivered: Delivered };

/** The same, but for telling the answers that are whole. */
export async function produceCharged(context: Context, prepared: Prepared, sink: Sink): Promise<[Charged, ...Charged[]]> {
  const { answers, model, giveBack, asked } = prepared;
  const failed = new AbortController();
  const cancelled = AbortSignal.any([failed.signal, ...(prepared.cancelled ? [prepared.cancelled] : [])]);
  try {
    const making = answers.map((answering) => make(context, prepared, answering, sink, cancelled));
    const made = await Promise.all(making).catch(async (error: unknown) => {
      failed.abort();
      await Promise.allSettled(making);
      throw error;
    });
    const [first, ...others] = await chargeAll(context, made, answers, asked.isPublic);
    if (!first) throw new Error('Nothing was charged.');
    for (const { delivered } of [first, ...others]) count(context, model, delivered);
    return [first, ...others];
  } catch (error) {
    context.metrics.calls.inc({ outcome: 'failed' });
    throw error;
  } finally {
    for (const { reservation } of answers) reservation.release();
    giveBack();
  }
}

function count({ metrics }: Context, { release }: ServedModel, { finishReason, ...delivered }: Delivered): void {
  const model = `model/${release.modelId}`;
  metrics.calls.inc({ outcome: finishReason === null ? 'broken' : 'charged' });
  metrics.tokens.inc({ kind: 'prompt', model }, delivered.promptTokens);
  metrics.tokens.inc({ kind: 'completion', model }, delivered.completionTokens);
}

type MadeAnswer = { composed: Composed; delivered: Delivered };

/** Charges answers together. What could not be charged is left out, as long as something was: nobody pays for what is not told. */
async function chargeAll(
  context: Context,
  made: readonly MadeAnswer[],
  answers: readonly Answering[],
  isPublic: boolean,
): Promise<Charged[]> {
  const outcomes = await Promise.allSettled(
    made.map(async ({ composed, delivered }, index) => {
      const { call, reservation } = answers[index] as Answering;
      return { row: await context.charge({ call, composed, delivered, isPublic, reservation }), call, delivered };
    }),
  );
  const charged = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (charged.length === 0) throw (outcomes[0] as PromiseRejectedResult).reason;
  return charged;
}

/** All of an answer but its charge. */
async function make(
  context: Context,
  prepared: Prepared,
  answering: Answering,
  sink: Sink,
  cancelled: AbortSignal,
): Promise<MadeAnswer> {
  const { session, model, asked, answers, retrieved } = prepared;
  const { call, choice, generation, promptTokenIds } = answering;
  const made = await generate(context, prepared, answering, sink, cancelled);
  const cited = retrieved && retrieved.passages.length > 0 ? cite(retrieved, made.passages) : undefined;
  const said: Delivered = {
    pieces: made.pieces,
    finishReason: made.finishReason,
    // Beside passages, what the engine writes around them is not charged: only what was counted and set aside before.
    promptTokens: (cited ? promptTokenIds : made.promptTokenIds).length,
    completionTokens: made.tokenIds.length,
    shape: asked.shape,
    hasTools: asked.format !== undefined && 'tools' in asked.format,
    ...(made.logprobs ? { logprobs: made.logprobs } : {}),
    ...(asked.echo ? { echo: await echoOf(context, model.release.adapter, choice.input, asked.logprobs) } : {}),
    ...(answers.length > 1 ? { choice: answers.indexOf(answering) } : {}),
  };
  if (call.stream && made.finishReason !== null) sink.write(renderStream(call, said).finish(said));
  const circumstances = await engineOf(context);
  const startedAttribution = performance.now();
  const { unattributed, ...attributed } = await attribute(context, model.release, made.promptTokenIds, made.tokenIds);
  context.metrics.attribution.observe((performance.now() - startedAttribution) / 1000);
  const composed = await composeReceipt(context, session, call, model, {
    messages: choice.quoted,
    text: made.pieces.join(''),
    promptTokens: said.promptTokens,
    tokenIds: made.tokenIds,
    tokenEnds: made.tokenEnds,
    ...attributed,
    cited,
    trace: {
      ...circumstances,
      ...generation,
      finishReason: made.finishReason ?? 'cancelled',
      ...(call.payment === undefined ? {} : { payment: call.payment }),
      ...(unattributed === undefined ? {} : { unattributed }),
      ...(model.routing ? { router: model.routing } : {}),
      ...(retrieved ? { datanets: retrieved.versions.map(({ datanetId, version }) => `${datanetId}@${version}`) } : {}),
      ...(cited && retrieved
        ? { citations: citationsHash(cited), passages: retrieved.passages.map(({ text }) => sha256(stringToBytes(text))) }
        : {}),
    },
  });
  return { composed, delivered: retrieved ? { ...said, retrieval: saysRetrieval(retrieved, composed) } : said };
}

/** What a caller who asked for sources is told of them beside the answer. */
function saysRetrieval({ versions, passages }: Retrieved, { bundle, secret }: Composed): NonNullable<Delivered['retrieval']> {
  const { citations = [], unsupported = [] } = secret;
  return {
    retrieval: { abstained: passages.length === 0, datanets: versions },
    citations,
    sources: bundle.sources ?? [],
    unsupported,
  };
}

/** What made the answer, as far as the engine says: whoever replays it needs the same, or knows what differs. */
async function engineOf({ engine }: Context): Promise<Record<string, string | number | null>> {
  try {
    const { engine: version, engineHash, device, threads, precision } = await engine.health();
    const hash = { engine: version, engineHash: engineHash ?? null };
    return { ...hash, device: device ?? null, threads: threads ?? null, precision: precision ?? null };
  } catch {
    return { engine: 'unknown', engineHash: null, device: null, threads: null, precision: null };
  }
}
