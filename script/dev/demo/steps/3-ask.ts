import {
  allocateBundle,
  type Component,
  createFailover,
  createGateway,
  createSession,
  findOperators,
  type ReceiptBundle,
  readIndexRows,
  readReceiptFacts,
  receiptBundleSchema,
  recordId,
  scoreOf,
  verifyReceipt,
} from '@openledger/sdk';
import OpenAI from 'openai';
import { type Address, isAddressEqual } from 'viem';
import { z } from 'zod';
import type { Domain } from '../extract.ts';
import { chooseQuestions, type Question } from '../questions.ts';
import { mustHold, open, percent, say, waitFor } from '../show.ts';
import { addressOf, type Stage } from '../stage.ts';
import { contributors, type DatanetResult } from './1-datanet.ts';
import type { TrainResult } from './2-train.ts';
import { askFromSources } from './3-cite.ts';

const ceiling = 10n * 10n ** 18n;
const sessionSeconds = 24 * 3_600;
const maxTokens = 64;

export type Answer = { question: Question; bundle: ReceiptBundle };
export type AskResult = { answers: Answer[]; apiKey: string };

/** Step 3: the model is listed, a caller opens a session and asks six questions; each answer says who shaped it. One more is answered from sources. */
export async function askQuestions(stage: Stage, datanet: DatanetResult, trained: TrainResult): Promise<AskResult> {
  const { contracts, transact } = stage;
  await transact('proposer', contracts.models, 'setListed', [trained.modelId, true]);
  say(`proposer lists model ${trained.modelId} at 0.0002 OPEN per prompt token and 0.002 OPEN per answer token`);

  const apiKey = await openSession(stage, stage, ceiling);
  const client = new OpenAI({ baseURL: `${stage.gateway.url}/v1`, apiKey, maxRetries: 0 });
  const answers: Answer[] = [];
  for (const question of questionsAbout(datanet, trained)) {
    const bundle = await ask(client, trained.modelId, question);
    await checkReceipt(stage, bundle);
    showShares(question, bundle, datanet);
    answers.push({ question, bundle });
  }
  const [first] = answers;
  if (first) await showPhrases(stage, first, datanet, apiKey);
  answers.push(await askFromSources(stage, client, datanet, trained));
  await askAnotherOperator(stage, trained, apiKey, answers);
  return { answers, apiKey };
}

/** The same question once more, from whichever operator the SDK ranks first besides the one that trained the model. */
async function askAnotherOperator(
  stage: Stage,
  { modelId }: TrainResult,
  apiKey: string,
  [first]: readonly Answer[],
): Promise<void> {
  const model = `model/${modelId}`;
  const found = await waitFor('a second operator to serve the release', 120, async () => {
    const operators = await findOperators(stage.chain, stage.deployment, model);
    return operators.length > 1 ? operators : undefined;
  });
  console.log();
  say(`the SDK finds ${found.length} operators that serve ${model}, by price, then by latency:`);
  for (const { operator, url, prices, latency } of found)
    say(`    ${operator}  ${url}  ${open(prices.completion)} per answer token  ${latency.toFixed(1)} ms`);
  const other = found.find(({ operator }) => !isAddressEqual(operator, stage.operator));
  if (!other || !first) throw new Error('The second operator or the first answer is missing.');
  const key = await openSession(stage, { gateway: createGateway(other.url), operator: other.operator }, 10n ** 18n);
  const fetchAnywhere = createFailover([
    { url: other.url, apiKey: key },
    { url: stage.gateway.url, apiKey },
  ]);
  const client = new OpenAI({ baseURL: `${other.url}/v1`, apiKey: key, maxRetries: 0, fetch: fetchAnywhere });
  const bundle = await ask(client, modelId, first.question);
  await checkReceipt(stage, bundle);
  mustHold(
    isAddressEqual(bundle.channel.operator, other.operator) && bundle.answer === first.bundle.answer,
    'the second operator gives the same answer to the same question, signs its own receipt and pays the same people',
  );
}

export async function openSession(
  stage: Stage,
  { gateway, operator }: Pick<Stage, 'gateway' | 'operator'>,
  ceiling: bigint,
): Promise<string> {
  const { deployment, contracts, transact, now } = stage;
  const payer = addressOf('caller');
  const session = await createSession({
    deployment,
    payer,
    operator,
    ceiling,
    deposit: ceiling,
    expiry: (await now()) + sessionSeconds,
  });
  await transact('caller', contracts.token, 'approve', [contracts.escrow.address, ceiling]);
  await transact('caller', contracts.escrow, 'deposit', [payer, operator, ceiling]);
  const { signer, expiry } = session.voucher;
  await transact('caller', contracts.escrow, 'authorizeSession', [operator, signer, ceiling, expiry]);
  const { channel } = await gateway.openSession(session);
  say(
    `caller deposits ${open(ceiling, 0)}, authorises a session key and gets API key ${session.apiKey.slice(0, 10)}… (channel ${channel.slice(0, 10)}…)`,
  );
  return session.apiKey;
}

function questionsAbout({ contributions }: DatanetResult, { trainedRecordIds }: TrainResult): Question[] {
  const of = (domain: Domain) => {
    const contribution = contributions.find(({ contributor }) => contributor === contributors[domain]);
    return (contribution?.records ?? []).map((record) => ({ record, recordId: recordId(record) }));
  };
  return chooseQuestions({ token: of('token'), access: of('access'), governance: of('governance') }, new Set(trainedRecordIds));
}

const receiptChunk = z.looseObject({ receipt: receiptBundleSchema.optional() });

/** One streamed call with the official client; the receipt comes as a last chunk without choices. */
export async function ask(
  client: OpenAI,
  modelId: number,
  { text }: Pick<Question, 'text'>,
  retrieval?: { datanets: number[] },
): Promise<ReceiptBundle> {
  console.log();
  say(`caller asks: ${text}`);
  const stream = await client.chat.completions.create({
    model: `model/${modelId}`,
    messages: [{ role: 'user', content: text }],
    max_tokens: maxTokens,
    temperature: 0,
    stream: true,
    metadata: { public: 'true' }, // the caller lets the front page show this answer
    ...(retrieval ? { retrieval } : {}),
  });
  let answer = '';
  let bundle: ReceiptBundle | undefined;
  for await (const chunk of stream) {
    answer += chunk.choices[0]?.delta.content ?? '';
    bundle = receiptChunk.parse(chunk).receipt ?? bundle;
  }
  if (!bundle) throw new Error('The answer came without a receipt.');
  if (bundle.answer !== answer) throw new Error('The receipt is for another answer than the one streamed.');
  say(`  answer: ${answer.trim().replaceAll('\n', ' ')}`);
  return bundle;
}

export async function checkReceipt({ chain, contracts, deployment, readFile }: Stage, bundle: ReceiptBundle): Promise<void> {
  const [{ releaseHash }] = bundle.composition as [Component];
  const [facts, rows] = await Promise.all([
    readReceiptFacts(chain, deployment, bundle),
    readIndexRows(chain, deployment, releaseHash, readFile),
  ]);
  const { ok, checks } = await verifyReceipt(bundle, {
    chainId: deployment.chainId,
    settlement: contracts.settlement.address,
    facts,
    rows,
  });
  const wrong = checks.filter(({ status }) => status !== 'passed');
  const { receipt } = bundle;
  mustHold(
    ok && wrong.length === 0,
    wrong.length === 0
      ? `receipt ${receipt.sequence}: ${open(receipt.fee)} for ${receipt.promptTokens} + ${receipt.completionTokens} tokens; ${checks.length} checks passed against the chain`
      : wrong.map(({ name, sentence }) => `${name}: ${sentence}`).join(' '),
  );
}

/** Asks which phrases of an answer each record shaped: the parts must add up to what the receipt states. */
async function showPhrases(
  { gateway }: Stage,
  { bundle }: Answer,
  { contributions }: DatanetResult,
  apiKey: string,
): Promise<void> {
  const { records, segments = [] } = await gateway.attribution({ receiptHash: bundle.receiptHash, segments: true }, apiKey);
  const known = recordsOf(contributions);
  console.log();
  say('and phrase by phrase, of the first answer:');
  for (const { text, scores } of segments) {
    const best = scores.indexOf(Math.max(...scores));
    const record = records[best];
    const isPulled = record !== undefined && (scores[best] ?? 0) > 0;
    say(
      `    “${oneLine(text, 60)}” ← ${isPulled ? `${known.get(record.recordId)?.source.title ?? record.recordId} of ${nameOf(record.contributor)}` : 'no listed record'}`,
    );
  }
  mustHold(
    segments.map(({ text }) => text).join('') === bundle.answer &&
      bundle.evidence.records.every(
        (record, index) => scoreOf(record) === segments.reduce((sum, { scores }) => sum + (scores[index] ?? 0), 0),
      ),
    `the scores of ${segments.length} phrases add up to the score of each of ${records.length} records on the receipt`,
  );
}

const recordsOf = (contributions: DatanetResult['contributions']) =>
  new Map(contributions.flatMap(({ records }) => records.map((record) => [recordId(record), record] as const)));

export const oneLine = (text: string, most: number): string => {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
};

export const nameOf = (account: Address): string =>
  Object.values(contributors).find((name) => addressOf(name).toLowerCase() === account.toLowerCase()) ?? account;

/** Prints the records behind an answer with what they say, for a reader to agree or not; the contributor whose record was asked about must lead. */
function showShares({ domain }: Question, bundle: ReceiptBundle, { contributions }: DatanetResult): void {
  const { parts } = allocateBundle(bundle);
  const whole =
    parts.contributors.reduce((sum, { amount }) => sum + amount, 0n) + parts.pools.reduce((sum, { amount }) => sum + amount, 0n);
  const known = recordsOf(contributions);
  for (const { recordId: id, contributor, paid } of parts.clusters.slice(0, 3)) {
    const score = bundle.evidence.records.find((record) => record.recordId === id);
    const record = known.get(id);
    say(
      `    ${percent(paid, whole).padStart(7)}  ${record?.source.title ?? id} of ${nameOf(contributor)} (score ${score ? scoreOf(score) : '?'})`,
    );
    if (record) say(`             “${oneLine(record.messages.at(-1)?.content ?? '', 110)}”`);
  }
  const [leader] = [...parts.contributors].sort((a, b) => (a.amount < b.amount ? 1 : -1));
  const expected = contributors[domain];
  mustHold(
    leader !== undefined && nameOf(leader.account) === expected,
    `${expected} (${domain}) leads with ${percent(leader?.amount ?? 0n, whole)} of what goes to contributors and pools`,
  );
}
