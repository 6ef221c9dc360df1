import {
  type EvaluationItems,
  evaluationItemsSchema,
  evaluationScore,
  itemsCommitment,
  itemsRoot,
  listRoot,
} from '@openledger/sdk';
import { and, eq, isNotNull } from 'drizzle-orm';
import { type Hex, isAddressEqual } from 'viem';
import { RefusedTransaction } from '../chain/outbox.ts';
import { trainingJobs } from '../db/schema.ts';
import type { Engine } from '../engine/client.ts';
import { sentence } from '../errors.ts';
import { addJson } from '../ipfs/client.ts';
import { readVerified } from '../ipfs/readVerified.ts';
import type { Trainer } from './estimate.ts';
import type { JobRow } from './quote.ts';

/** As ModelProposals counts them. */
const status = { training: 2, revealed: 3 } as const;

/** The items behind a revealed commitment. Throws where they are not those that were committed to. */
export function readItems(bytes: Uint8Array, commitment: Hex): EvaluationItems {
  const items = evaluationItemsSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  if (itemsCommitment(items.salt, itemsRoot(items)) !== commitment)
    throw new Error('The items on IPFS are not those that the proposal committed to: nothing can be stated about them.');
  return items;
}

/** Answers every item as a call without randomness would be, one after another. */
export async function answerItems(
  engine: Pick<Engine, 'generate'>,
  adapter: string,
  { items, maxTokens }: { items: readonly { question: string }[]; maxTokens: number },
  signal: AbortSignal,
): Promise<string[]> {
  const outputs: string[] = [];
  for (const { question } of items) {
    const messages = [{ role: 'user' as const, content: question }];
    const request = { adapter, messages, maxTokens, temperature: 0, topP: 1, seed: 0, stop: [] };
    let text: string | undefined;
    for await (const event of engine.generate(request, signal)) if (event.type === 'done') text = event.text;
    if (text === undefined) throw new Error('The engine ended without an answer: it is asked again.');
    outputs.push(text);
  }
  return outputs;
}

/**
 * States what releases that this operator trained for proposals score on the items that their proposers have revealed.
 * What is to be done follows from the chain; a crash costs at most the answers that were under way.
 */
export function createEvaluator(context: Trainer) {
  const { db, chain, engine, outbox, ipfs, log } = context;
  const { client, contracts, operator } = chain;
  const proposals = contracts.proposals;
  const stopping = new AbortController();
  /** Proposals by job; 0: none. */
  const proposalOf = new Map<number, number>();
  /** Jobs about which there is nothing left to state. */
  const settled = new Set<number>();

  async function findProposal(jobId: number): Promise<number> {
    const known = proposalOf.get(jobId);
    if (known !== undefined) return known;
    const [started] = await client.getContractEvents({
      ...proposals,
      eventName: 'ProposalStarted',
      args: { jobId },
      fromBlock: BigInt(context.config.deployment.startBlock),
      strict: true,
    });
    const found = started?.args.proposalId ?? 0;
    proposalOf.set(jobId, found);
    return found;
  }

  async function advance(row: JobRow): Promise<void> {
    const proposalId = await findProposal(row.jobId);
    const job = await client.readContract({ ...contracts.jobs, functionName: 'job', args: [row.jobId] });
    if (proposalId === 0 || !isAddressEqual(job.operator, operator)) {
      settled.add(row.jobId);
      return;
    }
    const proposal = await client.readContract({ ...proposals, functionName: 'proposal', args: [proposalId] });
    if (proposal.status !== status.revealed) {
      if (proposal.status !== status.training) settled.add(row.jobId);
      return;
    }
    const purpose = `evaluation:${proposalId}`;
    if (await outbox.isInFlight(purpose)) return;
    const [revealed] = await client.getContractEvents({
      ...proposals,
      eventName: 'ItemsRevealed',
      args: { proposalId },
      fromBlock: BigInt(context.config.deployment.startBlock),
      strict: true,
    });
    const release = await context.releases.load(row.releaseHash ?? '');
    if (!revealed || !release) return;
    const items = readItems(await readVerified(ipfs, revealed.args.itemsCid), proposal.itemsCommitment);
    const outputs = await answerItems(engine, release.adapter, items, stopping.signal);
    const scoreBps = evaluationScore(items.items, outputs, items.metric);
    const cid = await addJson(ipfs, { schema: 'openledger.evaluation-outputs.1', releaseHash: row.releaseHash, outputs });
    const args = [proposalId, scoreBps, listRoot(outputs), cid] as const;
    await outbox.settled(await outbox.send(purpose, { ...proposals, functionName: 'report', args }));
    log.info({ proposalId, scoreBps, items: outputs.length }, 'the score of a proposed model is stated');
  }

  return {
    async tick(): Promise<void> {
      if (!context.config.training.isOffered) return;
      const mine = proposals.address.toLowerCase();
      const rows = await db
        .select()
        .from(trainingJobs)
        .where(and(eq(trainingJobs.status, 'attested'), eq(trainingJobs.requester, mine), isNotNull(trainingJobs.releaseHash)));
      for (const row of rows) {
        if (settled.has(row.jobId)) continue;
        try {
          await advance(row);
        } catch (error) {
          if (stopping.signal.aborted) return;
          if (error instanceof RefusedTransaction) settled.add(row.jobId);
          log.warn({ jobId: row.jobId, operator, reason: sentence(error) }, 'a proposed model could not be evaluated');
        }
      }
    },
    stop: (): void => stopping.abort(),
  };
}
