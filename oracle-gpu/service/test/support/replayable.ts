// A receipt as an honest operator signs it for an answer of the real engine.
import {
  adaptersHash,
  allocateBundle,
  allocationHash,
  compositionHash,
  computeFee,
  evidenceHash,
  hashJson,
  indexTree,
  outputHash,
  promptHash,
  type ReceiptBundle,
  releaseHash,
  treeProof,
  zeroHash,
} from '@openledger/sdk';
import { type Hex, sha256, stringToBytes } from 'viem';
import { resign, testReceipt } from '../../../../sdk/src/verify/testReceipt.ts';
import type { GenerateRequest } from '../../src/engine/client.ts';
import type { JobResult } from '../../src/engine/schemas.ts';
import type { TinyEngine } from './tinyEngine.ts';

export type Generation = Omit<GenerateRequest, 'adapter' | 'passages' | 'logprobs'>;
type Passages = NonNullable<GenerateRequest['passages']>;

/**
 * Has the engine answer, from passages if any are given, and attribute, and signs what it did.
 * @param quoted what the receipt calls the messages, where that is not what the engine read
 */
export async function signAnswer(
  { engine }: TinyEngine,
  job: JobResult,
  asked: Generation,
  given: Passages = [],
  quoted: readonly unknown[] = asked.messages ?? [],
): Promise<ReceiptBundle> {
  const { messages: _, prompt: __, format: ___, ...generation } = asked;
  const passages = given.length > 0 ? { passages: given } : {};
  const answer = await answerOf(engine, { ...asked, adapter: job.adapter, ...passages });
  const { engine: version, engineHash, device, threads, precision } = await engine.health();
  const circumstances = { engine: version, engineHash: engineHash ?? null, device: device ?? null };
  const trace = { ...circumstances, threads: threads ?? null, precision: precision ?? null, ...generation };
  const { bundle } = await testReceipt();

  const { rows } = await engine.jobIndex('tiny');
  const contributor = bundle.developer;
  const leaves = rows.map(({ position, recordId, cluster, tokensRoot, scaleBits, rowRoot }) => {
    return { position, recordId, contributor, cluster, tokensRoot, scaleBits, rowRoot };
  });
  const tree = indexTree(leaves);
  const { k, seed, projectionHash, nullThreshold } = job.index;
  const release = {
    ...bundle.release,
    baseModel: job.baseModel,
    tokenizerHash: job.tokenizerHash,
    adaptersHash: adaptersHash([{ adapterId: job.adapter, weightBps: 10_000 }]),
    ...{ indexRoot: tree.root, indexRows: leaves.length, k, seed, projectionHash, nullThreshold },
  };
  const [component] = [{ releaseHash: releaseHash(release), termsVersion: 1, weightBps: 10_000 }];
  const { promptTokenIds, tokenIds } = answer;
  const found = await engine.attribute({ adapter: job.adapter, promptTokenIds, tokenIds, top: 32 });
  const records = found.records.map(({ position, recordId, cluster, partials, rowRoot }) => ({
    ...{ releaseHash: component.releaseHash, position, recordId, cluster, contributor, reviewer: bundle.developer },
    ...{ datanetId: 1, rowRoot, partials },
  }));
  return sign({
    ...bundle,
    messages: quoted as ReceiptBundle['messages'],
    answer: answer.text,
    tokenIds,
    release,
    composition: [component],
    evidence: {
      ...bundle.evidence,
      ...{ queryRoot: found.queryRoot, nullThreshold, records },
      passages: given.map(({ recordId, cluster }) => ({
        ...{ datanetId: 1, version: 1, recordId: recordId as Hex, cluster: cluster as Hex, contributor },
        support: answer.passages?.support.find((one) => one.cluster === cluster)?.support ?? 0,
      })),
    },
    query: found.query,
    indexProofs: records.map(({ recordId, position }) => {
      const leaf = leaves[position] as (typeof leaves)[number];
      return { recordId, leaf, index: position, count: leaves.length, proof: treeProof(tree, position) };
    }),
    trace: {
      ...trace,
      finishReason: answer.finishReason,
      ...(given.length > 0 ? { passages: given.map(({ text }) => sha256(stringToBytes(text))) } : {}),
    },
    receipt: { ...bundle.receipt, promptTokens: given.length > 0 ? await plainTokens(engine, asked) : promptTokenIds.length },
  });
}

/** Signs whatever the bundle says, true or not, so that nothing but a replay finds fault with it. */
export async function sign(bundle: ReceiptBundle): Promise<ReceiptBundle> {
  const { salt = zeroHash, messages = [], answer = '', tokenIds = [], composition, evidence, terms } = bundle;
  const usage = { ...bundle.receipt, completionTokens: tokenIds.length };
  const receipt = {
    ...usage,
    fee: computeFee([{ card: terms, weightBps: 10_000 }], usage).fee,
    compositionHash: compositionHash(composition),
    promptHash: promptHash(salt, messages),
    outputHash: outputHash(salt, answer, tokenIds),
    evidenceHash: evidenceHash(evidence),
    traceHash: hashJson(bundle.trace),
  };
  const { allocations } = allocateBundle({ ...bundle, receipt });
  return resign({ ...bundle, allocations, receipt: { ...receipt, allocationHash: allocationHash(allocations) } });
}

/** Of the prompt without passages, which is what is charged. */
async function plainTokens(engine: TinyEngine['engine'], { messages }: Generation): Promise<number> {
  return (await engine.tokenize({ messages: messages ?? [] })).promptTokens;
}

async function answerOf(engine: TinyEngine['engine'], request: GenerateRequest) {
  for await (const event of engine.generate(request, new AbortController().signal)) if (event.type === 'done') return event;
  throw new Error('The engine gave no answer.');
}
