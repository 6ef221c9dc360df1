import { randomBytes } from 'node:crypto';
import {
  allocate,
  allocationHash,
  type BatchParameters,
  compositionHash,
  computeFee,
  type Evidence,
  evidenceHash,
  hashJson,
  outputHash,
  parametersHash,
  promptHash,
  toJson,
  zeroHash,
} from '@openledger/sdk';
import { type Address, type Hex, toHex, zeroAddress } from 'viem';
import type { Context } from '../context.ts';
import type { Account } from '../sessions/book.ts';
import type { Call } from './answer.ts';
import { earningsOf } from './earningsOf.ts';
import type { ServedModel } from './resolveModel.ts';

/** An answer as it was delivered, with everything that a receipt states about it. */
export type Answer = {
  messages: unknown[];
  text: string;
  promptTokens: number;
  tokenIds: number[];
  evidence: Evidence;
  query: Hex | null;
  trace: Record<string, string | number | boolean | null | string[]>;
};

export type Composed = Awaited<ReturnType<typeof composeReceipt>>;

/** Computes everything that a receipt states about an answer and that opens its hashes, but the channel's sequence. */
export async function composeReceipt(context: Context, session: Account, call: Call, model: ServedModel, answer: Answer) {
  const { facts, chain } = context;
  const { release, terms } = model;
  const [fee, dayIndex, poolSizes] = await Promise.all([
    facts.fee(),
    facts.dayIndex(),
    Promise.all(
      release.datanets.map(async ({ datanetId }) => {
        const { pool, records } = await facts.datanet(datanetId);
        return { datanetId, pool, size: records };
      }),
    ),
  ]);
  const usage = {
    promptTokens: answer.promptTokens,
    completionTokens: answer.tokenIds.length,
    retrievalTokens: 0,
    agentSteps: 0,
  };
  const app = session.app as Address;
  const price = priceOf(model, usage, session);
  const policy = { protocolFeeBps: fee.protocolFeeBps, burnBps: fee.burnBps, contributorCapBps: fee.contributorCapBps };
  const allocated = allocate({
    base: price.base,
    markup: price.markup,
    terms,
    operator: chain.operator,
    developer: model.developer,
    payer: session.payer as Address,
    app,
    policy,
    evidence: answer.evidence,
    reputation: {},
    pools: poolSizes,
    dayIndex,
  });
  const parameters: BatchParameters = {
    reputation: {},
    channelWeights: { influence: 10_000, verbatim: 0, retrieval: 0 },
    poolSizes,
    contributorCapBps: policy.contributorCapBps,
    burnBps: policy.burnBps,
  };
  const salt = toHex(randomBytes(32));
  const composition = [{ releaseHash: release.releaseHash, termsVersion: model.termsVersion, weightBps: 10_000 }];
  const unnumbered = {
    channel: session.channel as Hex,
    compositionHash: compositionHash(composition),
    ...usage,
    fee: price.fee,
    feeVersion: fee.feeVersion,
    promptHash: promptHash(salt, answer.messages),
    outputHash: outputHash(salt, answer.text, answer.tokenIds),
    evidenceHash: evidenceHash(answer.evidence),
    allocationHash: allocationHash(allocated.allocations),
    traceHash: hashJson(answer.trace),
    parentReceipt: zeroHash,
    // When the call was accepted: a voucher covers what was asked before it expired.
    timestamp: call.created,
  };
  const stated = toJson({
    composition,
    allocations: allocated.allocations,
    terms,
    fee: policy,
    parameters,
    app: { address: app, markupBps: app === zeroAddress ? 0 : session.appMarkupBps },
  });
  const bundle = {
    channel: { payer: session.payer, operator: chain.operator, signer: session.signer },
    ...stated,
    evidence: answer.evidence,
    trace: answer.trace,
    developer: model.developer,
    dayIndex,
  };
  const secret = { salt, messages: answer.messages, answer: answer.text, tokenIds: answer.tokenIds };
  const parties = { operator: chain.operator, developer: model.developer, parents: terms.parents, backers: terms.backers, app };
  const sources = earningsOf(allocated.parts, parties);
  return {
    unnumbered,
    bundle,
    secret,
    query: answer.query,
    sources,
    modelId: release.modelId,
    releaseHash: release.releaseHash,
    dayIndex,
    parametersHash: parametersHash(parameters),
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
