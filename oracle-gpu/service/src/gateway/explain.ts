import { type AttributionResult, allocate } from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import { zeroAddress } from 'viem';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { receipts } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { LoadedRelease } from '../releases.ts';
import type { Account } from '../sessions/book.ts';
import { type Input, readQuoted } from './asked.ts';
import { attribute } from './attribute.ts';
import type { AttributionBody } from './attributionBody.ts';
import { plainMessages } from './chatRequest.ts';
import { commonParts } from './commonParts.ts';
import { phraseEnds } from './phrases.ts';
import { resolveModel, type ServedModel } from './resolveModel.ts';

type Subject = {
  model: ServedModel;
  input: Input;
  said: { answer: string } | { tokenIds: number[] };
  receiptHash?: AttributionResult['receiptHash'];
};

const secretPart = z.looseObject({ messages: z.array(z.unknown()), tokenIds: z.array(z.int()) });
/** 1 OPEN: what the answer is taken to cost when its shares are asked for. */
const notionalFee = 10n ** 18n;

/**
 * Which records shaped a text, and which phrases of it. Of a receipt it is computed anew, with the release that answered.
 * Errors: 404 for a receipt or model that is not here, 403 for another's receipt, 409 `no_index`, 400 for what is too long.
 */
export async function explain(context: Context, session: Account, body: AttributionBody): Promise<AttributionResult> {
  const subject = 'receiptHash' in body ? await ofReceipt(context, session, body.receiptHash) : await ofText(context, body);
  const { model, said, receiptHash } = subject;
  const { release } = model;
  const { promptTokenIds, tokenIds, pieces } = await context.engine.tokenizeAnswer(subject.input, said);
  const ends = body.segments ? phraseEnds(pieces) : undefined;
  const { evidence, segments, unattributed } = await attribute(context, release, promptTokenIds, tokenIds, ends);
  if (unattributed !== undefined)
    throw new ServiceError(
      409,
      'no_index',
      'This operator has no attribution index of that release: what its answers pay goes to the datanets’ pools.',
    );
  const shares = await sharesOf(context, model, evidence, tokenIds.length);
  const stretch = (start: number, end: number) => ({
    start: pieces.slice(0, start).join('').length,
    end: pieces.slice(0, end).join('').length,
    text: pieces.slice(start, end).join(''),
  });
  const records = evidence.records.map(({ position, partials, cluster }) => ({
    ...describe(release, position),
    score: partials.reduce((sum, partial) => sum + partial, 0),
    shareBps: shares.get(cluster) ?? 0,
  }));
  return {
    model: `model/${release.modelId}`,
    releaseHash: release.releaseHash,
    ...(receiptHash ? { receiptHash } : {}),
    answer: pieces.join(''),
    nullThreshold: evidence.nullThreshold,
    records,
    unexplainedBps: 10_000 - [...shares.values()].reduce((sum, shareBps) => sum + shareBps, 0),
    spans: evidence.spans.map(({ start, length, sources }) => ({
      ...stretch(start, start + length),
      sources: sources.map(({ position }) => describe(release, position)),
    })),
    ...(segments ? { segments: segments.map(({ start, end, scores }) => ({ ...stretch(start, end), scores })) } : {}),
  };
}

async function ofReceipt(context: Context, session: Account, hash: string): Promise<Subject> {
  const [row] = await context.db.select().from(receipts).where(eq(receipts.hash, hash));
  if (!row) throw new ServiceError(404, 'receipt_not_found', `This operator signed no receipt ${hash}.`);
  if (row.channel !== session.channel)
    throw new ServiceError(403, 'not_your_receipt', 'This receipt is of another session: send the key that paid for it.');
  const { messages, tokenIds } = secretPart.parse(row.secret);
  if (tokenIds.length === 0) throw isOfAgent(row.bundle) ? ofAgent() : emptyAnswer();
  const model = await resolveModel(context, row.releaseHash);
  const input = readQuoted(messages)?.input;
  if (!input) throw new Error('The messages of a receipt are none that the engine reads.');
  return { model, input, said: { tokenIds }, receiptHash: row.hash as AttributionResult['releaseHash'] };
}

async function ofText(context: Context, body: Extract<AttributionBody, { answer: string }>): Promise<Subject> {
  if (body.answer.trim() === '') throw emptyAnswer();
  const input = { messages: plainMessages(body.messages) };
  return { model: await resolveModel(context, body.model), input, said: { answer: body.answer } };
}

const isOfAgent = (bundle: unknown): boolean =>
  z.looseObject({ trace: z.looseObject({ run: z.unknown() }) }).safeParse(bundle).success;

const ofAgent = (): ServiceError =>
  new ServiceError(
    400,
    'agent_receipt',
    'This is an agent’s own receipt, which no record shaped: ask about the receipts of its steps.',
  );

function emptyAnswer(): ServiceError {
  return new ServiceError(400, 'empty_answer', 'The answer is empty: there is nothing in it that a record could have shaped.');
}

function describe({ rows }: LoadedRelease, position: number): AttributionResult['spans'][number]['sources'][number] {
  const row = rows[position];
  if (!row) throw new Error(`The release has no row ${position}.`);
  const { recordId, cluster, contributor, datanetId, contributionId, source } = row;
  return { recordId, position, cluster, contributor, datanetId, contributionId, source };
}

/** Per cluster, in bps of the contributors' part, what this evidence would be paid under the terms of today. */
async function sharesOf(
  context: Context,
  model: ServedModel,
  evidence: Awaited<ReturnType<typeof attribute>>['evidence'],
  completionTokens: number,
): Promise<Map<string, number>> {
  const { release, terms, developer } = model;
  const [common, dayIndex] = await Promise.all([commonParts(context, model), context.facts.dayIndex()]);
  const { policy, poolSizes, parameters } = common;
  const { parts, protocolFee } = allocate({
    base: notionalFee,
    markup: 0n,
    terms,
    operator: context.chain.operator,
    developer,
    payer: context.chain.operator,
    app: zeroAddress,
    policy,
    evidence,
    completionTokens,
    fidelityBps: parameters.fidelity[release.releaseHash],
    reputation: {},
    pools: poolSizes,
    dayIndex,
  });
  const contributorsPart = ((notionalFee - protocolFee) * BigInt(terms.contributorsBps)) / 10_000n;
  if (contributorsPart === 0n) return new Map();
  return new Map(parts.clusters.map(({ cluster, paid }) => [cluster, Number((paid * 10_000n) / contributorsPart)]));
}
