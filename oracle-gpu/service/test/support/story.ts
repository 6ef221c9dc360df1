// What happens before an answer can be paid: a datanet with reviewed records, a trained and attested release, a session.
import {
  contributionCommitment,
  createSession,
  type Gateway,
  type Session,
  type TrainingRecord,
  versionTree,
} from '@openledger/sdk';
import { type Hex, parseEventLogs, zeroAddress } from 'viem';
import type { Actor, Actors } from './actors.ts';
import { doubleBase } from './engineDouble/behaviour.ts';
import { until } from './until.ts';

/** What the story needs: people, the operator, its gateway. */
export type Stage = Actors & { operator: Actor; gateway: Gateway };

const bond = 10n ** 18n;
export const terms = {
  operatorBps: 3_000,
  developerBps: 2_000,
  parentsBps: 0,
  backersBps: 0,
  contributorsBps: 5_000,
  parents: zeroAddress,
  backers: zeroAddress,
  promptPrice: 10n ** 14n,
  completionPrice: 10n ** 15n,
  retrievalPrice: 10n ** 14n,
  agentStepPrice: 0n,
};
export const method = { kind: 'lora', rank: 8, alpha: 16, dropout: 0, targetModules: 'all-linear' } as const;
export const training = { epochs: 1, learningRate: 0.001, batchSize: 4, maxLength: 128, seed: 1, heldOutEvery: 0 };

export function makeRecord(question: string, answer: string): TrainingRecord {
  return {
    messages: [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ],
    source: { title: question, path: 'a.sol', version: '1', licence: 'MIT' },
  };
}

export const toJsonl = (records: readonly TrainingRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');

export type Datanet = {
  datanetId: number;
  provider: Actor;
  reviewer: Actor;
  version: number;
  root: Hex;
  contributionIds: number[];
};

/** Uploads a file, commits to it and reveals it. */
export async function contribute(
  world: Stage,
  datanetId: number,
  who: Actor,
  records: readonly TrainingRecord[],
): Promise<{ contributionId: number; root: Hex; records: number }> {
  const { contracts, transact, gateway, mine } = world;
  const file = await gateway.uploadRecords(toJsonl(records));
  const salt: Hex = `0x${'5a'.repeat(32)}`;
  await transact(who, contracts.token, 'approve', [contracts.datanets.address, bond]);
  const committed = await transact(who, contracts.datanets, 'commit', [
    datanetId,
    contributionCommitment(file.recordsRoot, salt, who.address),
  ]);
  const [event] = parseEventLogs({ abi: contracts.datanets.abi, eventName: 'ContributionCommitted', logs: committed.logs });
  const contributionId = event?.args.contributionId as number;
  await mine();
  await transact(who, contracts.datanets, 'reveal', [contributionId, file.recordsRoot, salt, file.cid, file.count, file.bytes]);
  return { contributionId, root: file.recordsRoot, records: file.count };
}

/** A datanet whose contributors' records were all accepted, published as version 1. */
export async function makeDatanet(
  world: Stage,
  contributions: readonly (readonly [Actor, readonly TrainingRecord[]])[],
  { isOpen = true, retrievalAllowed = true } = {},
): Promise<Datanet> {
  const { contracts, transact, newActor } = world;
  const [provider, reviewer] = [await newActor(), await newActor()];
  const created = await transact(provider, contracts.datanets, 'create', [
    isOpen ? 0 : 1,
    retrievalAllowed,
    bond,
    contracts.reviewers.address,
    'Solidity',
    'contracts',
    'MIT',
    '',
  ]);
  const [event] = parseEventLogs({ abi: contracts.datanets.abi, eventName: 'DatanetCreated', logs: created.logs });
  const datanetId = event?.args.datanetId as number;
  await transact(provider, contracts.reviewers, 'setReviewer', [datanetId, reviewer.address, true]);
  const entries = [];
  for (const [who, records] of contributions) {
    if (!isOpen) await transact(provider, contracts.datanets, 'allow', [datanetId, who.address, true]);
    const made = await contribute(world, datanetId, who, records);
    await transact(reviewer, contracts.datanets, 'accept', [made.contributionId, 9_000, 'fine']);
    entries.push({ contributionId: made.contributionId, recordsRoot: made.root, records: made.records });
  }
  const { root } = versionTree(entries);
  await transact(provider, contracts.datanets, 'publish', [datanetId, root, '']);
  return {
    datanetId,
    provider,
    reviewer,
    version: 1,
    root,
    contributionIds: entries.map(({ contributionId }) => contributionId),
  };
}

export type OpenJob = { jobId: number; modelId: number };

/** A model and a funded training job for it. */
export async function openJob(
  world: Stage,
  proposer: Actor,
  datanet: Datanet,
  options: { escrow?: bigint; spec?: object } = {},
): Promise<OpenJob> {
  const { contracts, transact, gateway, now } = world;
  const { datanetId, version, root } = datanet;
  const requested = await transact(proposer, contracts.grants, 'request', [datanetId, 0, '']);
  const [grant] = parseEventLogs({ abi: contracts.grants.abi, eventName: 'GrantRequested', logs: requested.logs });
  const grantId = grant?.args.grantId as number;
  await transact(datanet.provider, contracts.grants, 'approve', [grantId, BigInt((await now()) + 1_000_000)]);
  const created = await transact(proposer, contracts.models, 'createModel', ['Guide', '', terms]);
  const [model] = parseEventLogs({ abi: contracts.models.abi, eventName: 'ModelCreated', logs: created.logs });
  const modelId = model?.args.modelId as number;
  const spec = { baseModel: doubleBase.id, method, training, datanets: [{ datanetId, version }], ...options.spec };
  const { cid } = await gateway.uploadDocument(spec);
  const escrow = options.escrow ?? 10n ** 18n;
  await transact(proposer, contracts.token, 'approve', [contracts.jobs.address, escrow]);
  const opened = await transact(proposer, contracts.jobs, 'open', [
    modelId,
    doubleBase.id,
    [{ datanetId, version, root }],
    [grantId],
    escrow,
    BigInt((await now()) + 600),
    cid,
  ]);
  const [job] = parseEventLogs({ abi: contracts.jobs.abi, eventName: 'JobOpened', logs: opened.logs });
  return { jobId: job?.args.jobId as number, modelId };
}

/** Waits for the operator's quote and accepts it. */
export async function acceptQuote(world: Stage, proposer: Actor, jobId: number): Promise<void> {
  const { client, contracts, operator, transact } = world;
  await until(
    'the quote',
    async () =>
      (await client.readContract({ ...contracts.jobs, functionName: 'quoteOf', args: [jobId, operator.address] }))[1] > 0,
  );
  await transact(proposer, contracts.jobs, 'accept', [jobId, operator.address]);
}

/** A model that answers: trained on the datanet, attested, listed. */
export async function makeModel(
  world: Stage,
  proposer: Actor,
  datanet: Datanet,
): Promise<{ modelId: number; jobId: number; releaseHash: Hex }> {
  const { jobId, modelId } = await openJob(world, proposer, datanet);
  await acceptQuote(world, proposer, jobId);
  const releaseHash = await until('the release', async () => {
    const job = await world.gateway.job(jobId);
    if (job.status === 'failed') throw new Error(`${job.error} ${job.hint}`);
    return job.status === 'attested' && (job.releaseHash ?? undefined);
  });
  await world.transact(proposer, world.contracts.models, 'setListed', [modelId, true]);
  return { modelId, jobId, releaseHash };
}

/** A payer with money in escrow, a session key and an API key. Opened at the gateway unless `isOpened` is false. */
export async function makeSession(
  world: Stage,
  payer: Actor,
  options: { ceiling?: bigint; deposit?: bigint; seconds?: number; isOpened?: boolean } = {},
): Promise<Session> {
  const { contracts, transact, deployment, operator, gateway, now } = world;
  const ceiling = options.ceiling ?? 10n ** 18n;
  const deposit = options.deposit ?? ceiling;
  const expiry = (await now()) + (options.seconds ?? 100_000);
  const session = await createSession({ deployment, payer: payer.address, operator: operator.address, ceiling, deposit, expiry });
  await transact(payer, contracts.token, 'approve', [contracts.escrow.address, deposit]);
  await transact(payer, contracts.escrow, 'deposit', [payer.address, operator.address, deposit]);
  await transact(payer, contracts.escrow, 'authorizeSession', [operator.address, session.voucher.signer, ceiling, expiry]);
  if (options.isOpened !== false) await gateway.openSession(session);
  return session;
}
