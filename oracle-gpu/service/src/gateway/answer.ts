import { randomInt, randomUUID } from 'node:crypto';
import { citationsHash, hashJson } from '@openledger/sdk';
import { and, eq } from 'drizzle-orm';
import { sha256, stringToBytes } from 'viem';
import { type Context, now } from '../context.ts';
import { answers, receipts } from '../db/schema.ts';
import type { DonePassages } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import { bundleText, openBundle, whenAnswered } from '../receipts/bundle.ts';
import { cite } from '../retrieval/cite.ts';
import type { Retrieved } from '../retrieval/retrieve.ts';
import type { Account } from '../sessions/book.ts';
import { attribute } from './attribute.ts';
import { type ChatRequest, plainMessages } from './chatRequest.ts';
import { type Composed, composeReceipt } from './composeReceipt.ts';
import { quote } from './quote.ts';
import { type Delivered, deliveredSchema, renderEnd, renderFinish, renderPiece, renderResponse, renderStart } from './render.ts';
import { inProgress, type Reservation, reserve } from './reserve.ts';
import type { ServedModel } from './resolveModel.ts';
import type { Slots } from './slots.ts';

/** Where an answer goes as it is made. `write` returns false once nobody listens any more. */
export type Sink = { write: (text: string) => boolean; signal: AbortSignal };

/** One chat completion: what was asked, and how it is to be answered. */
export type Call = {
  id: string;
  idempotencyKey: string | null;
  /** Nonce of the transfer that pays for this call, if one does: the receipt's trace names it. */
  payment?: string | undefined;
  requestHash: string;
  created: number; // seconds since 1970
  model: string;
  stream: boolean;
  includeUsage: boolean;
};

export type Prepared = {
  call: Call;
  session: Account;
  reservation: Reservation;
  model: ServedModel;
  request: ChatRequest;
  generation: { maxTokens: number; temperature: number; topP: number; seed: number; stop: string[] };
  promptTokenIds: number[];
  retrieved?: Retrieved | undefined;
  giveBack: () => void;
};

/** The answer of an earlier call with the same Idempotency-Key, byte by byte, if it was charged. */
export async function storedAnswer(
  { db, releases }: Context,
  session: Account,
  request: ChatRequest,
  idempotencyKey: string | undefined,
): Promise<{ stream: boolean; response: string } | undefined> {
  if (!idempotencyKey) return undefined;
  const requestHash = hashJson(request);
  const [known] = await db
    .select()
    .from(answers)
    .innerJoin(receipts, eq(receipts.hash, answers.receiptHash))
    .where(and(eq(answers.channel, session.channel), eq(answers.idempotencyKey, idempotencyKey)));
  const earlierHash = known?.answers.requestHash ?? session.running.get(idempotencyKey);
  if (earlierHash !== undefined && earlierHash !== requestHash) {
    throw new ServiceError(409, 'idempotency_key_reused', 'This Idempotency-Key belongs to another request: use a new one.');
  }
  if (known) {
    const call = known.answers;
    const bundle = await openBundle(releases, { ...known.receipts, ...whenAnswered }, true);
    return { stream: call.stream, response: renderResponse(call, deliveredSchema.parse(call.delivered), bundle) };
  }
  if (earlierHash !== undefined) throw inProgress();
  return undefined;
}

/** Everything before the first token: the model, the price, the money set aside. */
export async function prepare(
  context: Context,
  slots: Slots,
  session: Account,
  request: ChatRequest,
  idempotencyKey: string | undefined,
  payment?: string,
): Promise<Prepared> {
  const giveBack = slots.take(session.channel);
  try {
    const { model, promptTokenIds, maxTokens, retrieved, most } = await quote(context, request, session);
    const call: Call = {
      id: randomUUID(),
      idempotencyKey: idempotencyKey ?? null,
      payment,
      requestHash: idempotencyKey ? hashJson(request) : '',
      created: now(),
      model: request.model,
      stream: request.stream === true,
      includeUsage: request.stream_options?.include_usage === true,
    };
    const reservation = await reserve(context, session, call, most);
    const stop = typeof request.stop === 'string' ? [request.stop] : (request.stop ?? []);
    const generation = {
      maxTokens,
      temperature: request.temperature ?? 1,
      topP: request.top_p ?? 1,
      seed: request.seed ?? randomInt(2 ** 31),
      stop,
    };
    return { call, session, reservation, model, request, generation, promptTokenIds, retrieved, giveBack };
  } catch (error) {
    giveBack();
    throw error;
  }
}

/**
 * Generates, attributes and charges. Text goes to `sink` as it comes (streams only); when the listener goes
 * away, what was delivered until then is charged, and nothing if that is nothing. A failed call is not charged.
 * @returns the answer, empty for a stream
 */
export async function produce(context: Context, prepared: Prepared, sink: Sink): Promise<string> {
  const { call, session, reservation, model, request, generation, promptTokenIds, retrieved, giveBack } = prepared;
  try {
    const made = await generate(context, prepared, sink);
    const cited = retrieved && retrieved.passages.length > 0 ? cite(retrieved, made.passages) : undefined;
    const said: Delivered = {
      pieces: made.pieces,
      finishReason: made.finishReason,
      // Beside passages, what the engine writes around them is not charged: only what was counted and set aside before.
      promptTokens: (cited ? promptTokenIds : made.promptTokenIds).length,
      completionTokens: made.tokenIds.length,
    };
    if (call.stream && made.finishReason !== null) sink.write(renderFinish(call, made.finishReason));
    const circumstances = await engineOf(context);
    const startedAttribution = performance.now();
    const { unattributed, ...attributed } = await attribute(context, model.release, made.promptTokenIds, made.tokenIds);
    context.metrics.attribution.observe((performance.now() - startedAttribution) / 1000);
    const isPublic = request.metadata?.public === 'true';
    const composed = await composeReceipt(context, session, call, model, {
      messages: request.messages,
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
        ...(retrieved ? { datanets: retrieved.versions.map(({ datanetId, version }) => `${datanetId}@${version}`) } : {}),
        ...(cited && retrieved
          ? { citations: citationsHash(cited), passages: retrieved.passages.map(({ text }) => sha256(stringToBytes(text))) }
          : {}),
      },
    });
    const delivered = retrieved ? { ...said, retrieval: saysRetrieval(retrieved, composed) } : said;
    const row = await context.charge({ call, composed, delivered, isPublic, reservation });
    const bundle = bundleText(row, model.release, true);
    const response = call.stream ? '' : renderResponse(call, delivered, bundle);
    if (call.stream) sink.write(renderEnd(call, delivered, bundle));
    context.metrics.calls.inc({ outcome: made.finishReason === null ? 'broken' : 'charged' });
    context.metrics.tokens.inc({ kind: 'prompt' }, delivered.promptTokens);
    context.metrics.tokens.inc({ kind: 'completion' }, delivered.completionTokens);
    return response;
  } catch (error) {
    context.metrics.calls.inc({ outcome: 'failed' });
    throw error;
  } finally {
    reservation.release();
    giveBack();
  }
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

type Made = {
  pieces: string[];
  tokenIds: number[];
  /** Of each token: where the text that was there once it came ends. */
  tokenEnds: number[];
  promptTokenIds: number[];
  finishReason: 'stop' | 'length' | null;
  passages: DonePassages | null;
};

async function generate(
  context: Context,
  { call, model, request, generation, promptTokenIds, retrieved }: Prepared,
  sink: Sink,
): Promise<Made> {
  const pieces: string[] = [];
  const tokenIds: number[] = [];
  const tokenEnds: number[] = [];
  let started = false;
  const deliver = (text: string): boolean => {
    if (!call.stream) return true;
    if (!started && !sink.write(renderStart(call))) return false;
    started = true;
    return text === '' || sink.write(renderPiece(call, text));
  };
  const passages = (retrieved?.passages ?? []).map(({ recordId, cluster, text, title }) => ({ recordId, cluster, text, title }));
  const withPassages = passages.length > 0 ? { passages } : {};
  let isWhole = false;
  const stop = new AbortController();
  const signal = call.stream || call.idempotencyKey === null ? AbortSignal.any([sink.signal, stop.signal]) : stop.signal;
  try {
    for await (const event of context.engine.generate(
      { adapter: model.release.adapter, messages: plainMessages(request.messages), ...generation, ...withPassages },
      signal,
    )) {
      if (event.type === 'token') {
        if (!deliver(event.text)) break;
        tokenIds.push(event.tokenId);
        tokenEnds.push((tokenEnds.at(-1) ?? 0) + event.text.length);
        if (event.text !== '') pieces.push(event.text);
        continue;
      }
      isWhole = true;
      const rest = event.text.slice(pieces.join('').length); // text the engine held back until it was sure
      if (rest !== '' && deliver(rest)) pieces.push(rest);
      deliver('');
      return {
        pieces: call.stream ? pieces : [event.text],
        tokenIds: event.tokenIds,
        tokenEnds: event.tokenIds.map((_, index) =>
          isLast(event.tokenIds, index) ? event.text.length : (tokenEnds[index] ?? 0),
        ),
        promptTokenIds: event.promptTokenIds,
        finishReason: event.finishReason,
        passages: event.passages,
      };
    }
  } catch (error) {
    if (!sink.signal.aborted) throw error;
  } finally {
    if (!isWhole) stop.abort();
  }
  if (!call.stream || tokenIds.length === 0)
    throw new ServiceError(499, 'client_closed', 'The caller went away before anything was delivered: nothing is charged.');
  return { pieces, tokenIds, tokenEnds, promptTokenIds, finishReason: null, passages: null };
}

const isLast = (list: readonly unknown[], index: number): boolean => index === list.length - 1;
