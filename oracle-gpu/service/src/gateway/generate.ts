import type { Context } from '../context.ts';
import type { DonePassages, ToldToken } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import type { Answering, Prepared, Sink } from './answer.ts';
import { renderStream } from './render.ts';
import { createCallKeeper } from './toolCalls.ts';

/** An answer as the engine made it, as far as it was delivered. */
export type Made = {
  pieces: string[];
  /** Of each piece how likely its tokens were. */
  logprobs?: ToldToken[][];
  tokenIds: number[];
  /** Of each token: where the text that was there once it came ends. */
  tokenEnds: number[];
  promptTokenIds: number[];
  finishReason: 'stop' | 'length' | null;
  passages: DonePassages | null;
};

/**
 * Has the engine answer. Text goes to the sink as it comes (streams only); a stream whose reader leaves ends there, and any
 * other call that nobody waits for fails, unless a retry can still fetch it.
 * @param cancelled when another answer of the same call has failed
 */
export async function generate(
  context: Context,
  { model, asked, retrieved }: Prepared,
  { call, choice, generation, promptTokenIds }: Answering,
  sink: Sink,
  cancelled: AbortSignal,
): Promise<Made> {
  if (generation.maxTokens === 0)
    return { pieces: [], logprobs: [], tokenIds: [], tokenEnds: [], promptTokenIds, finishReason: 'length', passages: null };
  const pieces: string[] = [];
  const logprobs: ToldToken[][] = [];
  let told: ToldToken[] = [];
  const tokenIds: number[] = [];
  const tokenEnds: number[] = [];
  const hasTools = asked.format !== undefined && 'tools' in asked.format;
  const stream = renderStream(call, { shape: asked.shape, hasTools });
  const keeper = hasTools && call.stream ? createCallKeeper() : undefined;
  let started = false;
  const deliver = (text: string): boolean => {
    if (call.stream) {
      if (!started && !sink.write(stream.start())) return false;
      started = true;
      if (text !== '' && !sink.write(stream.piece(text, asked.logprobs === null ? undefined : told))) return false;
    }
    if (text === '') return true;
    pieces.push(text);
    logprobs.push(told);
    told = [];
    return true;
  };
  const passages = (retrieved?.passages ?? []).map(({ recordId, cluster, text, title }) => ({ recordId, cluster, text, title }));
  const stop = new AbortController();
  const ends = [stop.signal, cancelled];
  const signal = AbortSignal.any(call.stream || call.idempotencyKey === null ? [sink.signal, ...ends] : ends);
  const request = {
    adapter: model.release.adapter,
    ...choice.input,
    ...generation,
    ...(asked.format ? { format: asked.format } : {}),
    ...(asked.logprobs === null ? {} : { logprobs: asked.logprobs }),
    ...(passages.length > 0 ? { passages } : {}),
  };
  const toldOf = () => (asked.logprobs === null ? {} : { logprobs: call.stream ? logprobs : [[...logprobs.flat(), ...told]] });
  let isWhole = false;
  try {
    for await (const event of context.engine.generate(request, signal)) {
      if (event.type === 'token') {
        if (event.logprobs) told.push(event.logprobs);
        if (!deliver(keeper ? keeper.push(event.text) : event.text)) break;
        tokenIds.push(event.tokenId);
        tokenEnds.push((tokenEnds.at(-1) ?? 0) + event.text.length);
        continue;
      }
      isWhole = true;
      deliver(event.text.slice(pieces.join('').length)); // text that was held back until it was sure
      return {
        pieces: call.stream ? pieces : [event.text],
        ...toldOf(),
        tokenIds: event.tokenIds,
        tokenEnds: event.tokenIds.map((_, index) =>
          index === event.tokenIds.length - 1 ? event.text.length : (tokenEnds[index] ?? 0),
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
  return { pieces, ...toldOf(), tokenIds, tokenEnds, promptTokenIds, finishReason: null, passages: null };
}
