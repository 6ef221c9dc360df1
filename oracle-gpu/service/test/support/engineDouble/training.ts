// Training of the engine's double: milliseconds, a log and an index whose hashes are real.
import { canonicalJson, int8Tree, recordTokensTree, trainingLogRoot, treeId, zeroHash } from '@openledger/sdk';
import type { Hex } from 'viem';
import { type Behaviour, doubleBase, nullThreshold, perShared } from './behaviour.ts';
import { hex, type Message, promptTokens, sha256 } from './tokens.ts';

export type JobRecord = { recordId: Hex; cluster: Hex; messages: Message[] };
export type Plan = { base: string; training: { epochs: number; batchSize: number; heldOutEvery: number }; records: JobRecord[] };
type JobEvent = { seq: number; time: number; type: string } & Record<string, unknown>;
export type Job = {
  id: string;
  plan: Plan;
  events: JobEvent[];
  log: string[];
  adapter: Hex;
  files: Record<string, Buffer>;
  rows: IndexRow[];
  /** int8 components of all rows. */
  components: Int8Array;
  /** Where in a row its own components begin: there it holds `perShared.row`, and nothing elsewhere. */
  places: number[];
  result?: object;
};
type IndexRow = { position: number; recordId: Hex; cluster: Hex; tokensRoot: Hex; scaleBits: number; rowRoot: Hex };

/** Of every record that was ever asked about; ids are of the content. */
const tokensByRecord = new Map<Hex, number[]>();

/** Distinct tokens of a record of the job. */
export function tokensOfRecord(job: Job, recordId: Hex): number[] {
  const before = tokensByRecord.get(recordId);
  if (before) return before;
  const record = job.plan.records.find((item) => item.recordId === recordId);
  const tokens = [...new Set(promptTokens(record?.messages ?? []))];
  tokensByRecord.set(recordId, tokens);
  return tokens;
}

export const stepsOf = ({ training, records }: Plan): number => Math.ceil(records.length / training.batchSize) * training.epochs;
export const tokensOf = ({ training, records }: Plan): number =>
  records.flatMap(({ messages }) => promptTokens(messages)).length * training.epochs;

export const statusOf = (job: Job) => {
  const last = job.events.at(-1)?.type;
  const status = last === 'done' || last === 'failed' || last === 'cancelled' ? last : 'running';
  return { id: job.id, status, step: 0, steps: 0, ...(job.result ? { result: job.result } : {}) };
};

/** A job that has not begun. */
export const newJob = (id: string, plan: Plan): Job => ({
  ...{ id, plan, events: [], log: [], adapter: zeroHash, files: {}, rows: [] },
  ...{ components: new Int8Array(), places: [] },
});

export async function train(job: Job, behaviour: Behaviour): Promise<void> {
  const { plan } = job;
  const emit = (type: string, fields: object = {}): void =>
    void job.events.push({ seq: job.events.length, time: Math.floor(Date.now() / 1000), type, ...fields });
  const pause = () => new Promise((done) => setTimeout(done, behaviour.stepDelayMs));
  emit('queued');
  const steps = stepsOf(plan);
  const { heldOutEvery } = plan.training;
  const trained = plan.records.filter((_, index) => heldOutEvery === 0 || (index + 1) % heldOutEvery !== 0);
  emit('started', {
    steps,
    trainTokens: tokensOf(plan),
    records: trained.length,
    heldOut: plan.records.length - trained.length,
  });
  emit('evaluation', { when: 'before', heldOutLoss: 3.1, samples: [] });
  job.log.push(canonicalJson({ type: 'start', base: plan.base, seed: 0 }));
  for (let step = 1; step <= steps; step += 1) {
    if (job.events.at(-1)?.type === 'cancelled') return;
    await pause();
    if (behaviour.failTraining) return emit('failed', behaviour.failTraining);
    job.log.push(canonicalJson({ type: 'step', step, recordIds: trained.map(({ recordId }) => recordId) }));
    emit('step', {
      step,
      steps,
      epoch: 0,
      loss: 3.1 - step / steps,
      learningRate: 0.001,
      tokensPerSecond: 100,
      secondsLeft: steps - step,
    });
    if (step === Math.max(1, Math.floor(steps / 2)) || step === steps) {
      const digest = hex(sha256(`${job.id}:${step}`));
      job.log.push(canonicalJson({ type: 'checkpoint', step, digest }));
      emit('checkpoint', { step, digest, logHead: trainingLogRoot(job.log) });
    }
  }
  emit('evaluation', { when: 'after', heldOutLoss: 2.1, samples: [] });
  const weights = sha256(`weights of ${job.id}`);
  const config = Buffer.from(JSON.stringify({ r: 8, base: plan.base }));
  job.files = { 'adapter_model.safetensors': weights, 'adapter_config.json': config };
  job.adapter = hex(sha256(Buffer.concat([sha256(weights), sha256(canonicalJson(JSON.parse(config.toString())))])));
  job.places = [behaviour.emptyComponents];
  for (const { recordId } of trained)
    job.places.push((job.places.at(-1) ?? 0) + Math.ceil(tokensOfRecord(job, recordId).length / perShared.words));
  const k = job.places.at(-1) ?? 0;
  job.components = new Int8Array(trained.length * k);
  for (const position of trained.keys())
    job.components.fill(
      perShared.row,
      position * k + (job.places[position] ?? 0),
      position * k + (job.places[position + 1] ?? 0),
    );
  job.rows = trained.map(({ recordId, cluster, messages }, position) => ({
    position,
    recordId,
    cluster,
    tokensRoot: recordTokensTree(promptTokens(messages)).root,
    scaleBits: 1_065_353_216, // 1.0
    rowRoot: int8Tree(treeId.indexRow, job.components.subarray(position * k, (position + 1) * k)).root,
  }));
  emit('index', { done: trained.length, total: trained.length });
  job.result = {
    adapter: job.adapter,
    adapterBytes: weights.length,
    baseModel: plan.base,
    tokenizerHash: doubleBase.tokenizerHash,
    trainingLogRoot: trainingLogRoot(job.log),
    checkpoint: { step: Math.max(1, Math.floor(steps / 2)), digest: hex(sha256('checkpoint')) },
    index: { rows: job.rows.length, k, seed: zeroHash, projectionHash: hex(sha256('projection')), nullThreshold },
    evaluation: { heldOutLossBefore: 3.1, heldOutLossAfter: 2.1, exactMatch: 0 },
    seconds: 1,
  };
  emit('done', { result: job.result });
}
