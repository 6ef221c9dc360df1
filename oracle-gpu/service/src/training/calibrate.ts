import { readCalibration, verifyCalibration } from '@openledger/sdk';
import { and, eq, isNotNull } from 'drizzle-orm';
import { type Hex, keccak256, zeroAddress } from 'viem';
import { RefusedTransaction } from '../chain/outbox.ts';
import { trainingJobs } from '../db/schema.ts';
import { ServiceError, sentence } from '../errors.ts';
import { priceOfTraining, type Trainer } from './estimate.ts';
import type { JobRow } from './quote.ts';
import { engineJobId } from './run.ts';

/** Runs of a first calibration; a later one has twice as many as the last, at most `mostRuns`. */
const firstRuns = 24;
const mostRuns = 256;
/** An attestation takes a while to get into a block, seconds. */
const slackSeconds = 5;

/** Runs that the next calibration of a release should have, given those it has. */
export const nextRuns = (known: number): number => (known === 0 ? firstRuns : Math.min(2 * known, mostRuns));

/** What measuring the release of an attested job takes and costs, in wei. Throws 409 where the job released nothing here. */
export async function calibrationCost(context: Trainer, row: JobRow, runs: number) {
  if (row.status !== 'attested' || !row.releaseHash)
    throw new ServiceError(
      409,
      'not_released',
      `Job ${row.jobId} has not released a model here: only what this operator trained is measured.`,
    );
  const cost = await context.engine.calibrationCost(engineJobId(context, row), runs);
  return { ...cost, price: priceOfTraining(cost.trainTokens, context.config.training.pricePerToken) };
}

/**
 * Measures the releases for which somebody put this operator's price into escrow, and states the number on chain. What is
 * to be done follows from the chain and the engine alone, so that a crash loses nothing but the run that was going on.
 */
export function createCalibrator(context: Trainer) {
  const { db, chain, engine, outbox, log } = context;
  /** Requests that are left to run out, by what they ask; each is told once. */
  const left = new Set<string>();

  async function advance(row: JobRow): Promise<void> {
    const releaseHash = row.releaseHash as Hex;
    const asked = await chain.client.readContract({
      ...chain.contracts.fidelity,
      functionName: 'requestOf',
      args: [releaseHash],
    });
    if (asked.requester === zeroAddress) return;
    const key = `${releaseHash}:${asked.requester}:${asked.runs}:${asked.price}:${asked.deliverBy}`;
    const isLate = (await context.facts.clock()) + slackSeconds > Number(asked.deliverBy);
    if (isLate || left.has(key)) return;
    const leave = (reason: string): void => {
      left.add(key);
      log.warn({ releaseHash, reason }, 'a calibration is left to run out');
    };
    try {
      const cost = await calibrationCost(context, row, asked.runs);
      if (cost.price > asked.price) return leave(`It pays ${asked.price} wei and costs ${cost.price}.`);
      await engine.startCalibration(engineJobId(context, row), asked.runs);
      const job = await engine.calibration(cost.id);
      if (job.status === 'failed' || job.status === 'cancelled')
        return leave(job.error?.message ?? `The engine says that it is ${job.status}.`);
      if (job.status === 'done') await attest(releaseHash, cost.id);
    } catch (error) {
      const isFinal = error instanceof RefusedTransaction || (error instanceof ServiceError && error.status < 500);
      if (!isFinal) throw error;
      leave(sentence(error));
    }
  }

  /** Pins the file and states what follows from it, after computing it anew. */
  async function attest(releaseHash: Hex, id: string): Promise<void> {
    const purpose = `fidelity:${releaseHash}:${id}`;
    if (await outbox.isInFlight(purpose)) return;
    const { result } = await engine.calibration(id);
    if (!result) throw new Error('The engine has lost the result of the calibration.');
    const bytes = await engine.calibrationData(id);
    const data = readCalibration(JSON.parse(new TextDecoder().decode(bytes)));
    const found = verifyCalibration(data);
    const isSame = found.ldsBps === result.ldsBps && found.lowBps === result.lowBps && found.highBps === result.highBps;
    if (keccak256(bytes) !== result.dataHash || !isSame)
      throw new ServiceError(
        422,
        'engine_mismatch',
        'The number is not the one that follows from the calibration: nothing is stated.',
      );
    const release = await context.releases.load(releaseHash);
    if (release && (release.adapter !== data.adapter || release.rows.length !== data.records))
      throw new ServiceError(422, 'engine_mismatch', 'The calibration is of another adapter: nothing is stated.');
    const dataCid = await context.ipfs.add(bytes);
    const args = [releaseHash, found.ldsBps, found.lowBps, found.highBps, data.losses.length, result.dataHash, dataCid] as const;
    await outbox.settled(await outbox.send(purpose, { ...chain.contracts.fidelity, functionName: 'attest', args }));
    context.fidelities.forget(releaseHash);
    log.info({ releaseHash, ...found, runs: data.losses.length }, 'the fidelity of a release is measured');
  }

  return {
    async tick(): Promise<void> {
      if (!context.config.training.isOffered) return;
      const rows = await db
        .select()
        .from(trainingJobs)
        .where(and(eq(trainingJobs.status, 'attested'), isNotNull(trainingJobs.releaseHash)));
      for (const row of rows) await advance(row);
    },
  };
}
