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
  receiptHash,
  toJson,
  treeProof,
  zeroHash,
} from '@openledger/sdk';
import { and, eq, sql } from 'drizzle-orm';
import { type Address, type Hex, toHex, zeroAddress } from 'viem';
import type { Context } from '../context.ts';
import { calls, earnings, receipts, sessions } from '../db/schema.ts';
import { leafOf } from '../releases.ts';
import type { SessionRow } from '../sessions/openSession.ts';
import { earningsOf } from './earningsOf.ts';
import type { Delivered } from './render.ts';
import type { CallRow } from './reserve.ts';
import type { ServedModel } from './resolveModel.ts';

/** An answer as it was delivered, with everything that a receipt states about it. */
export type Answer = {
  messages: unknown[];
  text: string;
  promptTokens: number;
  tokenIds: number[];
  evidence: Evidence;
  trace: Record<string, string | number | boolean | null | string[]>;
  delivered: Delivered;
  isPublic: boolean;
};

/**
 * Stores the receipt of an answer: in one transaction the channel's next sequence, what it spent, the receipt, who
 * earns by it and the call's state. Nothing is signed before that has been committed.
 */
export async function charge(
  context: Context,
  session: SessionRow,
  call: CallRow,
  model: ServedModel,
  answer: Answer,
): Promise<Hex> {
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
  const records = answer.evidence.records.map(({ position }) => {
    const row = release.rows[position];
    if (!row) throw new Error(`The release has no row ${position}.`);
    return row;
  });
  const bundle = {
    channel: { payer: session.payer, operator: chain.operator, signer: session.signer },
    composition,
    evidence: answer.evidence,
    allocations: allocated.allocations,
    trace: answer.trace,
    terms,
    developer: model.developer,
    fee: policy,
    parameters,
    app: { address: app, markupBps: app === zeroAddress ? 0 : session.appMarkupBps },
    dayIndex,
    indexProofs: records.map((row) => ({
      recordId: row.recordId,
      leaf: leafOf(row),
      index: row.position,
      count: release.tree.count,
      proof: treeProof(release.tree, row.position),
    })),
    release: release.release,
    records: records.map(({ recordId, source, contributionId, contributor, datanetId }) => ({
      recordId,
      source,
      contributionId,
      contributor,
      datanetId,
    })),
  };
  const secret = { salt, messages: answer.messages, answer: answer.text, tokenIds: answer.tokenIds };
  const parties = { operator: chain.operator, developer: model.developer, parents: terms.parents, backers: terms.backers, app };
  const sources = earningsOf(allocated.parts, parties);
  const hashOfParameters = parametersHash(parameters);

  return context.db.transaction(async (tx) => {
    const [taken] = await tx
      .update(sessions)
      .set({
        sequence: sql`${sessions.sequence} + 1`,
        spent: sql`${sessions.spent} + ${price.fee}`,
        reserved: sql`${sessions.reserved} - ${call.reserved}`,
      })
      .where(eq(sessions.channel, session.channel))
      .returning({ sequence: sessions.sequence });
    if (!taken) throw new Error('The session of a running call is gone.');
    const receipt = { ...unnumbered, sequence: taken.sequence };
    const hash = receiptHash(receipt);
    const [mine] = await tx
      .update(calls)
      .set({ status: 'charged', reserved: 0n, receiptHash: hash, delivered: answer.delivered })
      .where(and(eq(calls.id, call.id), eq(calls.status, 'running')))
      .returning({ id: calls.id });
    if (!mine) throw new Error('The call was given up meanwhile.');
    await tx.insert(receipts).values({
      hash,
      channel: session.channel,
      sequence: taken.sequence,
      payer: session.payer,
      modelId: release.modelId,
      releaseHash: release.releaseHash,
      fee: price.fee,
      feeVersion: fee.feeVersion,
      dayIndex,
      parametersHash: hashOfParameters,
      bundle: toJson({ receipt, ...bundle }),
      secret,
      signature: null,
      status: 'signed',
      batchIndex: null,
      isPublic: answer.isPublic,
      created: call.created,
    });
    if (sources.length > 0)
      await tx.insert(earnings).values(sources.map((source) => ({ ...source, receiptHash: hash, modelId: release.modelId })));
    return hash;
  });
}

/** Price of a call on a channel, the application's markup included. */
export function priceOf(
  model: ServedModel,
  usage: Parameters<typeof computeFee>[1],
  session: Pick<SessionRow, 'app' | 'appMarkupBps'>,
): ReturnType<typeof computeFee> {
  return computeFee([{ card: model.terms, weightBps: 10_000 }], usage, session.app === zeroAddress ? 0 : session.appMarkupBps);
}
