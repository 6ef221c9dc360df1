import {
  type EvaluationItems,
  type EvaluationReport,
  type EvaluationSummary,
  evaluationScore,
  hashJson,
  itemsCommitment,
  itemsRoot,
} from '@openledger/sdk';
import type { Hex } from 'viem';
import type { EvaluationJob } from '../engine/schemas.ts';
import { ServiceError, sentence } from '../errors.ts';
import { addJson } from '../ipfs/client.ts';
import type { Trainer } from '../training/estimate.ts';
import type { JobRow } from '../training/quote.ts';
import { recordOf } from './items.ts';

const lookAgainMs = 1_000;

/**
 * Measures base, new adapter and the model's release before it on the items, publishes items and answers, and says where.
 * Repeating it gives the same. Throws what may pass; what cannot be measured is said instead, so that the training, which
 * was paid, is released all the same.
 */
export async function measureItems(
  context: Trainer,
  { jobId, modelId, deliverBy }: Pick<JobRow, 'jobId' | 'modelId' | 'deliverBy'>,
  adapter: Hex,
  items: EvaluationItems,
  stopping: AbortSignal,
): Promise<EvaluationSummary | { commitment: Hex; items: number; failed: string }> {
  const { engine, ipfs, facts, log } = context;
  const commitment = itemsCommitment(items.salt, itemsRoot(items));
  const adapters = [adapter, ...(await earlier(context, modelId, adapter))];
  try {
    const { id } = await engine.startEvaluation(
      adapters,
      items.items.map((item) => ({
        recordId: hashJson(item),
        cluster: hashJson(item),
        messages: recordOf(item).messages,
      })),
      items.maxTokens,
    );
    let state: EvaluationJob = await engine.evaluation(id);
    while (state.status === 'queued' || state.status === 'running') {
      stopping.throwIfAborted();
      if ((await facts.clock()) > (deliverBy ?? 0))
        throw new ServiceError(410, 'too_late', 'There was no time left to measure it.');
      await new Promise((done) => setTimeout(done, lookAgainMs));
      state = await engine.evaluation(id);
    }
    if (!state.result) throw new ServiceError(422, 'evaluation_failed', state.error?.message ?? 'The engine says no reason.');
    const { baseModel, rows } = state.result;
    const models = state.result.models.map(({ adapter, loss, perplexity, exactMatch, rougeL }, place) => {
      const outputs = rows.map(({ answers }) => answers[place] ?? '');
      return { adapter, loss, perplexity, exactMatch, rougeL, scoreBps: evaluationScore(items.items, outputs, items.metric) };
    });
    const report: EvaluationReport = {
      schema: 'openledger.evaluation-report.1',
      commitment,
      baseModel,
      models,
      rows: rows.map(({ answers }, index) => ({ ...(items.items[index] as (typeof items.items)[number]), answers })),
    };
    const [itemsCid, reportCid] = [await addJson(ipfs, items), await addJson(ipfs, report)];
    return { commitment, items: items.items.length, itemsCid, reportCid, models };
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status >= 500) throw error;
    // Both pass: its queue is full, or it was started again and has forgotten what it was asked.
    if (error.status === 429 || error.code === 'evaluation_not_found')
      throw new Error(`The evaluation is asked for again: ${error.message}`);
    log.warn({ jobId, reason: sentence(error) }, 'a release goes out without the evaluation that was asked for');
    return { commitment, items: items.items.length, failed: error.message };
  }
}

/** The adapter of the model's latest release, if the engine still holds it. */
async function earlier({ facts, releases, engine }: Trainer, modelId: number, adapter: Hex): Promise<Hex[]> {
  const { releases: count } = await facts.model(modelId);
  const last = count > 0 ? await releases.load(await facts.releaseAt(modelId, count - 1)) : undefined;
  if (!last || last.adapter === adapter) return [];
  return (await engine.adapters()).some(({ id }) => id === last.adapter) ? [last.adapter as Hex] : [];
}
