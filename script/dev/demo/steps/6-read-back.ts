import type { Address } from 'viem';
import { z } from 'zod';
import { urls } from '../../config.ts';
import { mustHold, table, waitFor } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { DatanetResult } from './1-datanet.ts';
import type { TrainResult } from './2-train.ts';
import type { AskResult } from './3-ask.ts';
import type { SettleResult } from './4-settle.ts';
import type { GovernResult } from './5-govern.ts';

const number = z.union([z.string(), z.number()]).transform((value) => BigInt(value));

const protocolSchema = z.object({
  datanetCount: number,
  contributionCount: number,
  contributionAcceptedCount: number,
  contributionRejectedCount: number,
  recordAcceptedCount: number,
  versionCount: number,
  grantCount: number,
  modelCount: number,
  jobCount: number,
  jobAttestedCount: number,
  trainingPaid: number,
  deposited: number,
  sessionCount: number,
  batchCount: number,
  batchFinalCount: number,
  callCount: number,
  fees: number,
  net: number,
  burned: number,
  toTreasury: number,
  rewardsClaimed: number,
  poolClaimed: number,
  votesMinted: number,
  proposalCount: number,
  proposalExecutedCount: number,
  ballotCount: number,
  treasurySpent: number,
  openSupply: number,
});

type Protocol = z.infer<typeof protocolSchema>;

/** Step 6: what the subgraph tells is compared with what the chain says, over the whole history. */
export async function readBack(
  stage: Stage,
  results: { datanet: DatanetResult; trained: TrainResult; asked: AskResult; settled: SettleResult; governed: GovernResult },
): Promise<void> {
  const head = await stage.chain.getBlockNumber();
  await waitFor('the index to reach the head of the chain', 120, async () => {
    const { _meta } = metaSchema.parse(await query('{ _meta { block { number } } }'));
    return BigInt(_meta.block.number) >= head ? true : undefined;
  });
  await compareTotals(stage);
  await compareRun(stage, results);
}

const metaSchema = z.object({ _meta: z.object({ block: z.object({ number: z.number() }) }) });

async function query(text: string): Promise<unknown> {
  const response = await fetch(urls.subgraph, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { message: string }[] };
  if (errors?.length) throw new Error(`The subgraph answers: ${errors.map(({ message }) => message).join('; ')}`);
  return data;
}

/** The same totals from the contracts' state and events. Read at one block, so that nothing moves in between. */
async function chainTotals({ chain, contracts, deployment }: Stage): Promise<{ block: bigint; totals: Protocol }> {
  const block = await chain.getBlockNumber();
  const range = { fromBlock: BigInt(deployment.startBlock), toBlock: block } as const;
  const { datanets, grants, models, jobs, escrow, settlement, rewards, governor, treasury, token } = contracts;
  const accepted = await chain.getContractEvents({ ...datanets, eventName: 'ContributionAccepted', ...range });
  const attested = await chain.getContractEvents({ ...jobs, eventName: 'JobAttested', ...range });
  const checkpoints = await chain.getContractEvents({ ...jobs, eventName: 'CheckpointCommitted', ...range });
  const deposits = await chain.getContractEvents({ ...escrow, eventName: 'Deposited', ...range });
  const settled = await chain.getContractEvents({ ...settlement, eventName: 'BatchSettled', ...range });
  const finals = await chain.getContractEvents({ ...settlement, eventName: 'BatchFinalized', ...range });
  const claims = await chain.getContractEvents({ ...rewards, eventName: 'RewardClaimed', ...range });
  const spent = await chain.getContractEvents({ ...treasury, eventName: 'Spent', ...range });
  const sessions = await chain.getContractEvents({ ...escrow, eventName: 'SessionAuthorized', ...range });
  const minted = await chain.getContractEvents({ ...contracts.votes, eventName: 'VotesMinted', ...range });
  const created = await chain.getContractEvents({ ...datanets, eventName: 'DatanetCreated', ...range });
  const poolClaims = await Promise.all(
    created.map(({ args }) =>
      chain.getContractEvents({ ...contracts.pool(args.pool as Address), eventName: 'PoolClaimed', ...range }),
    ),
  );
  const count = (list: readonly unknown[]): bigint => BigInt(list.length);
  const sum = (values: readonly (bigint | number | undefined)[]): bigint =>
    values.reduce<bigint>((total, value) => total + BigInt(value ?? 0), 0n);
  const at = { blockNumber: block } as const;
  const totals: Protocol = {
    datanetCount: BigInt(await chain.readContract({ ...datanets, functionName: 'datanetCount', ...at })),
    contributionCount: BigInt(await chain.readContract({ ...datanets, functionName: 'contributionCount', ...at })),
    contributionAcceptedCount: count(accepted),
    contributionRejectedCount: count(await chain.getContractEvents({ ...datanets, eventName: 'ContributionRejected', ...range })),
    recordAcceptedCount: sum(accepted.map(({ args }) => args.records)),
    versionCount: count(await chain.getContractEvents({ ...datanets, eventName: 'VersionPublished', ...range })),
    grantCount: BigInt(await chain.readContract({ ...grants, functionName: 'grantCount', ...at })),
    modelCount: BigInt(await chain.readContract({ ...models, functionName: 'modelCount', ...at })),
    jobCount: BigInt(await chain.readContract({ ...jobs, functionName: 'jobCount', ...at })),
    jobAttestedCount: count(attested),
    trainingPaid: sum([...attested.map(({ args }) => args.paid), ...checkpoints.map(({ args }) => args.released)]),
    deposited: sum(deposits.map(({ args }) => args.amount)),
    sessionCount: count([...new Set(sessions.map(({ args }) => args.channel))]),
    batchCount: count(settled),
    batchFinalCount: count(finals),
    callCount: sum(settled.map(({ args }) => args.receipts)),
    fees: sum(settled.map(({ args }) => args.collected)),
    net: sum(finals.map(({ args }) => args.net)),
    burned: sum(finals.map(({ args }) => args.burned)),
    toTreasury: sum(finals.map(({ args }) => args.toTreasury)),
    rewardsClaimed: sum(claims.map(({ args }) => args.amount)),
    poolClaimed: sum(poolClaims.flat().map(({ args }) => args.amount)),
    votesMinted: sum(minted.map(({ args }) => args.weight)),
    proposalCount: count(await chain.getContractEvents({ ...governor, eventName: 'ProposalCreated', ...range })),
    proposalExecutedCount: count(await chain.getContractEvents({ ...governor, eventName: 'ProposalExecuted', ...range })),
    ballotCount: count(await chain.getContractEvents({ ...governor, eventName: 'VoteCast', ...range })),
    treasurySpent: sum(spent.map(({ args }) => args.amount)),
    openSupply: await chain.readContract({ ...token, functionName: 'totalSupply', ...at }),
  };
  return { block, totals };
}

async function compareTotals(stage: Stage): Promise<void> {
  const { block, totals } = await chainTotals(stage);
  await waitFor('the index to reach that block', 60, async () => {
    const { _meta } = metaSchema.parse(await query('{ _meta { block { number } } }'));
    return BigInt(_meta.block.number) >= block ? true : undefined;
  });
  const names = Object.keys(protocolSchema.shape) as (keyof Protocol)[];
  const { protocol } = z
    .object({ protocol: protocolSchema })
    .parse(await query(`{ protocol(id: "openledger", block: { number: ${block} }) { ${names.join(' ')} } }`));
  table(
    ['total', 'subgraph', 'chain', ''],
    names.map((name) => [
      name,
      String(protocol[name]),
      String(totals[name]),
      protocol[name] === totals[name] ? 'equal' : 'DIFFERENT',
    ]),
    [1, 2],
  );
  const different = names.filter((name) => protocol[name] !== totals[name]);
  mustHold(
    different.length === 0,
    `all ${names.length} counts and sums of the subgraph equal the chain's at block ${block} ${different.join(', ')}`.trim(),
  );
}

const passagesSchema = z.array(z.object({ recordId: z.string(), support: z.number() }));
const text = z.string();
const runSchema = z.object({
  datanet: z.object({ recordCount: number, contributionAcceptedCount: number, contributionRejectedCount: number }),
  trainingJob: z.object({ status: text, release: z.object({ id: text }).nullable() }),
  batches: z.array(
    z.object({
      batchIndex: z.number(),
      receipts: z.array(
        z.object({
          receiptHash: text,
          fee: number,
          allocations: z.array(z.object({ amount: number })),
          passages: passagesSchema,
        }),
      ),
      citations: z.array(z.object({ recordId: text, passageCount: z.number(), citationCount: z.number() })),
    }),
  ),
  proposals: z.array(z.object({ status: text, ballotCount: number, votes: z.array(z.object({ reason: text })) })),
});

/** This run's own things, as anyone finds them by query: receipts from the batch files on IPFS among them. */
async function compareRun(
  { operator }: Stage,
  { datanet, trained, asked, settled, governed }: Parameters<typeof readBack>[1],
): Promise<void> {
  const indexes = settled.batches.map(({ batchIndex }) => batchIndex);
  const question = `{
    datanet(id: "${datanet.datanetId}") { recordCount contributionAcceptedCount contributionRejectedCount }
    trainingJob(id: "${trained.jobId}") { status release { id } }
    batches(where: { operatorAccount: "${operator.toLowerCase()}", batchIndex_in: [${indexes.join(', ')}] }) {
      batchIndex receipts(first: 1000) { receiptHash fee allocations { amount } passages(orderBy: position) { recordId support } }
      citations(first: 1000) { recordId passageCount citationCount }
    }
    proposals(where: { proposalId: "${governed.proposalId}" }) { status ballotCount votes { reason } }
  }`;
  const hashes = asked.answers.map(({ bundle }) => bundle.receiptHash);
  const found = await waitFor('the index to read the batch files from IPFS', 90, async () => {
    const run = runSchema.parse(await query(question));
    const receipts = run.batches.flatMap((batch) => batch.receipts);
    return hashes.every((hash) => receipts.some(({ receiptHash }) => receiptHash === hash)) ? { ...run, receipts } : undefined;
  });
  const records = datanet.contributions.reduce((total, contribution) => total + contribution.records.length, 0);
  mustHold(
    found.datanet.recordCount === BigInt(records) &&
      found.datanet.contributionAcceptedCount === 3n &&
      found.datanet.contributionRejectedCount === 1n,
    `by query: datanet ${datanet.datanetId} has ${records} records, three contributions accepted and one rejected`,
  );
  mustHold(
    found.trainingJob.status === 'ATTESTED' && found.trainingJob.release?.id === trained.releaseHash,
    `by query: training job ${trained.jobId} delivered release ${trained.releaseHash.slice(0, 14)}…`,
  );
  const same = asked.answers.every(({ bundle }) => {
    const receipt = found.receipts.find(({ receiptHash }) => receiptHash === bundle.receiptHash);
    const allocated = receipt?.allocations.reduce((total, { amount }) => total + amount, 0n);
    return (
      receipt?.fee === bundle.receipt.fee && allocated === bundle.allocations.reduce((total, { amount }) => total + amount, 0n)
    );
  });
  mustHold(same, `by query: the ${hashes.length} receipts carry the fees and allocations that the caller was shown`);
  compareCitations(asked, found);
  const [proposal] = found.proposals;
  mustHold(
    proposal?.status === 'EXECUTED' &&
      proposal.ballotCount === BigInt(governed.powers.length) &&
      proposal.votes.every(({ reason }) => reason !== ''),
    `by query: the proposal is executed with ${governed.powers.length} ballots, each with its reason`,
  );
}

type Run = z.infer<typeof runSchema>;

/** What the receipts say they were given from, and how often each record was cited over the batches. */
function compareCitations({ answers }: AskResult, { batches }: Pick<Run, 'batches'>): void {
  const receipts = batches.flatMap((batch) => batch.receipts);
  const given = answers.filter(({ bundle }) => bundle.evidence.passages.length > 0);
  const isSame = given.every(({ bundle }) => {
    const found = receipts.find(({ receiptHash }) => receiptHash === bundle.receiptHash)?.passages ?? [];
    const stated = bundle.evidence.passages.map(({ recordId, support }) => ({ recordId, support }));
    return JSON.stringify(found) === JSON.stringify(stated);
  });
  const passages = receipts.flatMap((receipt) => receipt.passages);
  const counted = batches.flatMap(({ citations }) => citations);
  const lookedUp = counted.reduce((sum, { passageCount }) => sum + passageCount, 0);
  const cited = counted.reduce((sum, { citationCount }) => sum + citationCount, 0);
  mustHold(
    isSame && lookedUp === passages.length && cited === passages.filter(({ support }) => support > 0).length,
    `by query: ${given.length} answer was given from ${lookedUp} passages, ${cited} of which it rests on, each counted for its record`,
  );
}
