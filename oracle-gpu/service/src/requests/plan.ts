import { canonicalJson } from '@openledger/sdk';
import { type Hex, hexToBytes, keccak256, zeroAddress } from 'viem';
import type { Context } from '../context.ts';
import type { inferenceRequests } from '../db/schema.ts';
import { ServiceError, sentence } from '../errors.ts';
import { type ChatRequest, chatRequestSchema, plainMessages } from '../gateway/chatRequest.ts';
import type { ServedModel } from '../gateway/resolveModel.ts';

export type RequestRow = typeof inferenceRequests.$inferSelect;

/** Bytes of a prompt that InferenceRequests takes in an answer. */
const maxPrompt = 16_384;
const feeUnit = 10_000n;

/** Why this operator does not answer a request, in a sentence. It will not change its mind. */
export class Declined extends Error {}

/** The prompt's file is not there, or does not come in time: perhaps later. */
export class PromptMissing extends Error {}

/** Longest that the requests behind it wait for one prompt, ms. */
const promptWithin = 5_000;

/** How a request is answered. */
export type Plan = {
  model: ServedModel;
  messages: ChatRequest['messages'];
  promptTokenIds: number[];
  maxTokens: number;
};

/**
 * Whether and how a request can be answered here: the release is served, the prompt is what the wire format says, and the
 * fee pays for at least one token. Throws Declined, or another error when it cannot be told yet.
 */
export async function planAnswer(context: Context, row: RequestRow): Promise<Plan> {
  const { config, releases, facts, engine, chain } = context;
  if (row.operator !== zeroAddress && row.operator !== chain.operator) throw new Declined('It names another operator.');
  const release = await releases.load(row.releaseHash);
  if (!release) throw new Declined('This operator does not serve that release.');
  if (row.maxFee < config.requests.minimum)
    throw new Declined(`It pays at most ${row.maxFee} wei, and this operator answers from ${config.requests.minimum} on.`);
  const [terms, { developer }] = await Promise.all([
    facts.terms(release.modelId, row.termsVersion),
    facts.model(release.modelId),
  ]);
  const model: ServedModel = { release, termsVersion: row.termsVersion, terms, developer, name: row.releaseHash };
  const messages = messagesOf(await promptOf(context, row));
  const { promptTokens, promptTokenIds, contextLength } = await engine
    .tokenize({ messages: plainMessages(messages) })
    .catch((error) => {
      if (error instanceof ServiceError && error.status < 500 && error.status !== 429) throw new Declined(sentence(error));
      throw error;
    });
  if (promptTokens >= contextLength)
    throw new Declined(`The prompt has ${promptTokens} tokens, the model reads ${contextLength}.`);
  const most = Math.min(config.limits.maxTokens, contextLength - promptTokens);
  const maxTokens = affordable(row.maxFee, promptTokens, terms, most);
  if (maxTokens < 1) throw new Declined('What it pays at most does not reach for one token of an answer.');
  return { model, messages, promptTokenIds, maxTokens };
}

/** Most completion tokens that a fee pays for beside the prompt, since fees are rounded up to whole units. */
export function affordable(
  maxFee: bigint,
  promptTokens: number,
  { promptPrice, completionPrice }: { promptPrice: bigint; completionPrice: bigint },
  most: number,
): number {
  const left = (maxFee / feeUnit) * feeUnit - BigInt(promptTokens) * promptPrice;
  if (left < 0n) return 0;
  if (completionPrice === 0n) return most;
  const tokens = left / completionPrice;
  return tokens < BigInt(most) ? Number(tokens) : most;
}

/** The prompt's bytes, held against what was asked. */
export async function promptOf({ ipfs }: Pick<Context, 'ipfs'>, row: RequestRow): Promise<Hex> {
  if (row.prompt !== null) return row.prompt as Hex;
  const bytes = await inTime(ipfs.cat(row.promptCid ?? ''), row.promptCid ?? '');
  if (bytes.length > maxPrompt) throw new Declined(`The prompt has ${bytes.length} bytes, an answer takes ${maxPrompt}.`);
  if (keccak256(bytes) !== row.promptDigest) throw new Declined('The prompt under the CID is not the one that was asked.');
  return `0x${Buffer.from(bytes).toString('hex')}`;
}

async function inTime<T>(reading: Promise<T>, cid: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`not within ${promptWithin / 1000} s`)), promptWithin);
  });
  try {
    return await Promise.race([reading, late]);
  } catch (error) {
    throw new PromptMissing(`The prompt ${cid} cannot be fetched: ${sentence(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** The chat messages that a prompt is the RFC 8785 JSON of: written otherwise, its hash would not be a receipt's. */
export function messagesOf(prompt: Hex): ChatRequest['messages'] {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(hexToBytes(prompt));
    value = JSON.parse(text);
  } catch {
    throw new Declined('The prompt is no JSON in UTF-8.');
  }
  const parsed = chatRequestSchema.shape.messages.safeParse(value);
  if (!parsed.success) throw new Declined('The prompt is no list of chat messages.');
  if (canonicalJson(value) !== text) throw new Declined('The prompt is not written as RFC 8785 says.');
  return parsed.data;
}
