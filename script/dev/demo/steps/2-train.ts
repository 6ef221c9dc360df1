import type { JobEvent } from '@openledger/sdk';
import { type Hex, parseEventLogs, zeroAddress } from 'viem';
import { z } from 'zod';
import { mustHold, open, say, waitFor } from '../show.ts';
import { addressOf, readJson, type Stage } from '../stage.ts';
import type { DatanetResult } from './1-datanet.ts';

const purposeTrain = 0; // IAccessGrants.Purpose
const attestedStatus = 3; // ITrainingJobs.JobStatus
const month = 30 * 24 * 3_600;

/** Hyper-parameters with which two cores need a few minutes (oracle-gpu/engine/README.md has the measurements). */
const method = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear' } as const;
const training = { epochs: 3, learningRate: 0.003, batchSize: 4, maxLength: 256, seed: 7, heldOutEvery: 12 };

/** Split of the fee among those who made the answer, and prices per token. */
const terms = {
  operatorBps: 3_000,
  developerBps: 2_000,
  parentsBps: 0,
  backersBps: 0,
  contributorsBps: 5_000,
  parents: zeroAddress,
  backers: zeroAddress,
  promptPrice: 200_000_000_000_000n, // 0.0002 OPEN
  completionPrice: 2_000_000_000_000_000n, // 0.002 OPEN
  retrievalPrice: 20_000_000_000_000n, // 0.00002 OPEN
  agentStepPrice: 0n,
};

export type TrainResult = { modelId: number; jobId: number; releaseHash: Hex; trainedRecordIds: Hex[] };

/** Step 2: a grant, a paid training job, a real fine-tune, an attested release. */
export async function trainModel(stage: Stage, datanet: DatanetResult): Promise<TrainResult> {
  const grantId = await obtainGrant(stage, datanet);
  const modelId = await createModel(stage);
  const jobId = await fundJob(stage, modelId, grantId, datanet);
  await acceptQuote(stage, jobId);
  const loss = await watchTraining(stage, jobId);
  return await checkRelease(stage, modelId, jobId, loss);
}

async function obtainGrant({ chain, contracts, gateway, transact, now }: Stage, { datanetId }: DatanetResult): Promise<number> {
  const { cid } = await gateway.uploadDocument({
    purpose: 'Fine-tune a public model that answers questions about Solidity.',
    attribution: 'paid per answer',
  });
  const requested = await transact('proposer', contracts.grants, 'request', [datanetId, purposeTrain, cid]);
  const [event] = parseEventLogs({ abi: contracts.grants.abi, eventName: 'GrantRequested', logs: requested.logs });
  if (!event) throw new Error('No grant was requested.');
  const { grantId } = event.args;
  const live = (): Promise<boolean> =>
    chain.readContract({
      ...contracts.grants,
      functionName: 'isLive',
      args: [grantId, datanetId, purposeTrain, addressOf('proposer')],
    });
  mustHold(
    !(await live()),
    `proposer asks to train on datanet ${datanetId} (grant ${grantId}); until the provider answers, the data stays closed to training`,
  );
  await transact('provider', contracts.grants, 'approve', [grantId, BigInt((await now()) + month)]);
  mustHold(await live(), 'provider approves for thirty days: the data appears in the studio');
  return grantId;
}

async function createModel({ contracts, gateway, transact }: Stage): Promise<number> {
  const { cid } = await gateway.uploadDocument({
    name: 'Solidity Guide',
    description: 'Answers what functions, events and errors of OpenZeppelin Contracts do. A small model: see its evaluation.',
    language: 'en',
  });
  const receipt = await transact('proposer', contracts.models, 'createModel', ['Solidity Guide', cid, terms]);
  const [event] = parseEventLogs({ abi: contracts.models.abi, eventName: 'ModelCreated', logs: receipt.logs });
  if (!event) throw new Error('No model was created.');
  say(
    `proposer creates model ${event.args.modelId} "Solidity Guide": of each net fee 50 % to contributors, 30 % to the operator, 20 % to the developer`,
  );
  return event.args.modelId;
}

async function fundJob(stage: Stage, modelId: number, grantId: number, datanet: DatanetResult): Promise<number> {
  const { contracts, gateway, transact, now } = stage;
  const [base] = await gateway.bases();
  if (!base) throw new Error('The operator trains no base model: see the log of the engine.');
  const { datanetId, version, root } = datanet;
  const spec = { baseModel: base.id, method, training, datanets: [{ datanetId, version }] };
  const estimate = await gateway.estimate(spec);
  say(
    `studio: ${base.name} (${base.licence}), ${estimate.records} records, ${estimate.steps} steps, about ${Math.ceil(estimate.seconds)} s and ${open(estimate.price, 2)}`,
  );

  const { cid } = await gateway.uploadDocument(spec);
  const escrow = (estimate.price * 12n) / 10n; // a quote may come a little higher; what is left returns
  await transact('proposer', contracts.token, 'approve', [contracts.jobs.address, escrow]);
  const receipt = await transact('proposer', contracts.jobs, 'open', [
    modelId,
    base.id,
    [{ datanetId, version, root }],
    [grantId],
    escrow,
    BigInt((await now()) + 600),
    cid,
  ]);
  const [event] = parseEventLogs({ abi: contracts.jobs.abi, eventName: 'JobOpened', logs: receipt.logs });
  if (!event) throw new Error('No training job was opened.');
  say(`proposer funds training job ${event.args.jobId} with ${open(escrow, 2)} in escrow`);
  return event.args.jobId;
}

async function acceptQuote({ chain, contracts, operator, transact }: Stage, jobId: number): Promise<void> {
  const [price, duration] = await waitFor("the operator's quote", 60, async () => {
    const quote = await chain.readContract({ ...contracts.jobs, functionName: 'quoteOf', args: [jobId, operator] });
    return quote[1] > 0 ? quote : undefined;
  });
  say(`operator offers to do it for ${open(price, 2)} and promises delivery within ${Math.round(duration / 60)} min`);
  await transact('proposer', contracts.jobs, 'accept', [jobId, operator]);
  say('proposer accepts; the engine begins');
}

const evaluationEvent = z.object({ when: z.enum(['before', 'after']), heldOutLoss: z.number() });
const stepEvent = z.object({ step: z.number(), steps: z.number(), epoch: z.number(), loss: z.number(), secondsLeft: z.number() });

type Loss = { before?: number; after?: number };

/** Follows the job's log to its end; a broken connection goes on where it stopped. */
async function watchTraining(stage: Stage, jobId: number): Promise<Loss> {
  const loss: Loss = {};
  let next = 0;
  let told = 0;
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      for await (const event of stage.gateway.jobEvents(jobId, next)) {
        next = event.seq + 1;
        if (event.type === 'step' && Date.now() - told > 5_000) {
          told = Date.now();
          const { step, steps, epoch, loss: now, secondsLeft } = stepEvent.parse(event);
          say(`  training: step ${step} of ${steps} (epoch ${epoch}), loss ${now.toFixed(3)}, ${Math.round(secondsLeft)} s left`);
        }
        if (event.type === 'evaluation') {
          const { when, heldOutLoss } = evaluationEvent.parse(event);
          loss[when] = heldOutLoss;
          say(`  held-out loss ${when} training: ${heldOutLoss.toFixed(4)}`);
        }
        if (event.type === 'attested') return loss;
        refuseFailure(event);
        if (event.type === 'index' && Date.now() - told > 5_000) {
          told = Date.now();
          say(`  attribution index: ${String(event.done)} of ${String(event.total)} records`);
        }
        tell(event);
      }
    } catch (error) {
      if (error instanceof TrainingFailed) throw error;
      say(`  the log broke off (${error instanceof Error ? error.message : String(error)}); reading on`);
    }
    await new Promise((done) => setTimeout(done, 1_000));
  }
  throw new Error('The log of the training job broke off fifty times: see the logs of the oracle service.');
}

class TrainingFailed extends Error {}

function refuseFailure(event: JobEvent): void {
  if (['failed', 'cancelled', 'timed-out', 'declined', 'taken', 'refund-due'].includes(event.type)) {
    throw new TrainingFailed(`The training ${event.type}: ${String(event.message ?? '')} ${String(event.hint ?? '')}`.trim());
  }
}

/** Other events worth a line, each at most once per change. */
function tell(event: JobEvent): void {
  if (event.type === 'started')
    say(
      `  started: ${String(event.records)} records to train on, ${String(event.heldOut)} held out, ${String(event.trainTokens)} tokens`,
    );
  if (event.type === 'checkpoint') say(`  checkpoint at step ${String(event.step)}: ${String(event.digest).slice(0, 14)}…`);
  if (event.type === 'index' && event.done === event.total) say(`  attribution index of ${String(event.total)} rows built`);
  if (event.type === 'uploading') say('  the records go to the engine');
  if (event.type === 'finishing') say('  adapter, training log, index and evaluation go to IPFS');
}

const manifestSchema = z.object({ releaseHash: z.string(), indexCid: z.string(), evaluationCid: z.string() });
const indexFileSchema = z.object({ rows: z.array(z.object({ recordId: z.custom<Hex>() })) });

async function checkRelease(stage: Stage, modelId: number, jobId: number, loss: Loss): Promise<TrainResult> {
  const { chain, contracts } = stage;
  const job = await chain.readContract({ ...contracts.jobs, functionName: 'job', args: [jobId] });
  const [event] = await chain.getContractEvents({
    ...contracts.jobs,
    eventName: 'JobAttested',
    args: { jobId },
    fromBlock: BigInt(stage.deployment.startBlock),
  });
  const { releaseHash, manifestCid } = event?.args ?? {};
  if (!releaseHash || !manifestCid) throw new Error(`Training job ${jobId} is not attested on chain.`);
  mustHold(
    job.status === attestedStatus,
    `operator attests release ${releaseHash.slice(0, 14)}… and has been paid ${open(job.price, 2)}, half of it with its checkpoints`,
  );
  mustHold(
    loss.before !== undefined && loss.after !== undefined && loss.after < loss.before,
    `held-out loss fell from ${loss.before?.toFixed(4)} to ${loss.after?.toFixed(4)}: the model learned what it had not seen`,
  );
  const manifest = manifestSchema.parse(await readJson(stage, manifestCid));
  mustHold(manifest.releaseHash === releaseHash, `its manifest on IPFS (${manifestCid.slice(0, 14)}…) opens the release`);
  const index = indexFileSchema.parse(await readJson(stage, manifest.indexCid));
  return { modelId, jobId, releaseHash, trainedRecordIds: index.rows.map(({ recordId }) => recordId) };
}
