import {
  type AgentRunJson,
  allocate,
  allocationHash,
  computeFee,
  type Evidence,
  evidenceHash,
  hashJson,
  outputHash,
  promptHash,
  type Routing,
  toJson,
  zeroHash,
} from '@openledger/sdk';
import { type Address, type Hex, zeroAddress } from 'viem';
import type { Context } from '../context.ts';
import { type Cited, pricedSources } from '../retrieval/cite.ts';
import type { Account } from '../sessions/book.ts';
import type { Call } from './answer.ts';
import { commonParts } from './commonParts.ts';
import { earningsOf } from './earningsOf.ts';
import type { ServedModel } from './resolveModel.ts';
import { freshSalt } from './salt.ts';

/** An answer as it was delivered, with everything that a receipt states about it. */
export type Answer = {
  messages: unknown[];
  text: string;
  promptTokens: number;
  tokenIds: number[];
  tokenEnds: number[];
  evidence: Evidence;
  query: Hex | null;
  /** What it was given with, where passages were retrieved. */
  cited?: Cited | undefined;
  trace: Record<string, string | number | boolean | null | string[] | Record<string, number> | Routing | AgentRunJson>;
  /** Of an agent's run, which has no tokens. */
  agentSteps?: number;
  /** Where the prompt's hash was committed to before. */
  salt?: Hex;
};

export type Composed = Awaited<ReturnType<typeof composeReceipt>>;

/** Computes everything that a receipt states about an answer and that opens its hashes, but the channel's sequence. */
export async function composeReceipt(context: Context, session: Account, call: Call, model: ServedModel, answer: Answer) {
  const { facts, chain } = context;
  const { cited } = answer;
  const evidence = cited ? { ...answer.evidence, passages: cited.passages } : answer.evidence;
  const { release, terms } = model;
  const [common, dayIndex] = await Promise.all([commonParts(context, model), facts.dayIndex()]);
  const usage = {
    promptTokens: answer.promptTokens,
    completionTokens: answer.tokenIds.length,
    retrievalTokens: answer.cited?.retrievalTokens ?? 0,
    agentSteps: answer.agentSteps ?? 0,
  };
  const app = session.app as Address;
  const price = priceOf(model, usage, session);
  const allocated = allocate({
    base: price.base,
    markup: price.markup,
    terms,
    operator: chain.operator,
    developer: model.developer,
    payer: session.payer as Address,
    app,
    policy: common.policy,
    evidence,
    completionTokens: usage.completionTokens,
    fidelityBps: common.parameters.fidelity[release.releaseHash],
    reputation: {},
    pools: common.poolSizes,
    dayIndex,
  });
  const salt = answer.salt ?? freshSalt();
  const unnumbered = {
    channel: session.channel as Hex,
    compositionHash: common.compositionHash,
    ...usage,
    fee: price.fee,
    feeVersion: common.feeVersion,
    promptHash: promptHash(salt, answer.messages),
    outputHash: outputHash(salt, answer.text, answer.tokenIds),
    evidenceHash: evidenceHash(evidence, ({ position }) => release.rowText(position).words),
    allocationHash: allocationHash(allocated.allocations),
    traceHash: hashJson(answer.trace),
    parentReceipt: call.parentReceipt ?? zeroHash,
    // When the call was accepted: a voucher covers what was asked before it expired.
    timestamp: call.created,
  };
  const bundle = {
    channel: { payer: session.payer, operator: chain.operator, signer: session.signer },
    composition: common.composition,
    allocations: toJson(allocated.allocations),
    terms: common.terms,
    fee: common.policy,
    parameters: common.parameters,
    app: { address: app, markupBps: app === zeroAddress ? 0 : session.appMarkupBps },
    ...(cited ? { sources: pricedSources(cited, allocated.parts) } : {}),
    trace: answer.trace,
    developer: model.developer,
    dayIndex,
  };
  const { messages, text, tokenIds, tokenEnds } = answer;
  const cites = cited ? { citations: cited.citations, unsupported: cited.unsupported } : {};
  const secret = { salt, messages, answer: text, tokenIds, tokenEnds, ...cites };
  const parties = { operator: chain.operator, developer: model.developer, parents: terms.parents, backers: terms.backers, app };
  const sources = earningsOf(allocated.parts, parties);
  return {
    unnumbered,
    bundle,
    evidence,
    release,
    secret,
    query: answer.query,
    sources,
    dayIndex,
    parametersHash: common.parametersHash,
  };
}

/** Price of a call on a channel, the application's markup included. */
export function priceOf(
  model: ServedModel,
  usage: Parameters<typeof computeFee>[1],
  session: Pick<Account, 'app' | 'appMarkupBps'>,
): ReturnType<typeof computeFee> {
  return computeFee([{ card: model.terms, weightBps: 10_000 }], usage, session.app === zeroAddress ? 0 : session.appMarkupBps);
}
