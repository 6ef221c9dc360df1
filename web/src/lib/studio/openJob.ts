import { type JobSpec, modelRegistryAbi, trainingJobsAbi } from '@openledger/sdk';
import { type Hex, parseEventLogs, zeroAddress } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';
import { type Draft, pricePerToken } from './draft.svelte.ts';

export type GrantedData = { datanetId: number; version: number; root: Hex; grantId: number };

/** How long operators may quote, in seconds. */
const OPEN_FOR = 3600;

/** Mints the model of a draft with its card and terms; returns its number. */
export async function createModel(app: App, { data, developer }: Draft): Promise<number> {
  const { cid } = await app.gateway.uploadDocument({ name: data.name.trim(), description: data.description.trim() });
  const bps = (percent: number): number => Math.round(percent * 100);
  const terms = {
    operatorBps: bps(data.operator),
    developerBps: bps(developer),
    parentsBps: 0,
    backersBps: 0,
    contributorsBps: bps(data.contributors),
    parents: zeroAddress,
    backers: zeroAddress,
    promptPrice: pricePerToken(data.promptPrice) ?? 0n,
    completionPrice: pricePerToken(data.completionPrice) ?? 0n,
    retrievalPrice: 0n,
    agentStepPrice: 0n,
  };
  const { logs } = await transact(app, {
    title: m.create_model_title({ name: data.name.trim() }),
    address: app.address('ModelRegistry'),
    abi: modelRegistryAbi,
    functionName: 'createModel',
    args: [data.name.trim(), cid, terms],
  });
  const [created] = parseEventLogs({ abi: modelRegistryAbi, logs, eventName: 'ModelCreated' });
  if (!created) throw new Error(m.fault_unknown());
  return created.args.modelId;
}

/** Puts the escrow up and opens the job for operators to quote; returns its number. */
export async function openJob(
  app: App,
  modelId: number,
  spec: JobSpec,
  granted: readonly GrantedData[],
  escrow: bigint,
): Promise<number> {
  const { cid } = await app.gateway.uploadDocument(spec);
  await ensureAllowance(app, app.address('TrainingJobs'), escrow, m.escrow_of_job());
  const uses = [...granted].sort((a, b) => a.datanetId - b.datanetId);
  const { timestamp } = await app.chain.getBlock();
  const { logs } = await transact(app, {
    title: m.open_job_title(),
    address: app.address('TrainingJobs'),
    abi: trainingJobsAbi,
    functionName: 'open',
    args: [
      modelId,
      spec.baseModel,
      uses.map(({ datanetId, version, root }) => ({ datanetId, version, root })),
      uses.map(({ grantId }) => grantId),
      escrow,
      timestamp + BigInt(OPEN_FOR),
      cid,
    ],
  });
  const [opened] = parseEventLogs({ abi: trainingJobsAbi, logs, eventName: 'JobOpened' });
  if (!opened) throw new Error(m.fault_unknown());
  return opened.args.jobId;
}
