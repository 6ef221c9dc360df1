import {
  adaptersHash,
  bytes32Schema,
  datanetsHash,
  datanetUseSchema,
  indexLeafSchema,
  indexTree,
  releaseHash,
  releaseSchema,
} from '@openledger/sdk';
import { eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import { z } from 'zod';
import { gather } from '../datanets/gather.ts';
import { releases, trainingJobs } from '../db/schema.ts';
import { ServiceError, sentence } from '../errors.ts';
import { catJson } from '../ipfs/client.ts';
import { leafOf } from '../releases.ts';
import type { Trainer } from './estimate.ts';
import { acceptance } from './quote.ts';
import { requireComponents, rowsOf } from './rows.ts';

const adapterSchema = z.object({ adapterId: bytes32Schema, weightBps: z.int() });
const manifestSchema = z.object({
  release: releaseSchema,
  adapters: z.array(adapterSchema).length(1),
  datanets: z.array(datanetUseSchema),
  indexCid: z.string(),
  rowsCid: z.string().optional(),
  evaluationCid: z.string(),
});
// Who contributed and reviewed a row is taken from the chain, not from the file.
const indexSchema = z.object({ rows: z.array(z.object(indexLeafSchema.shape)) });

/** How often it is asked whether the engine has the adapter of somebody else's release by now, ms. */
const lookAgainMs = 60_000;

type Announced = { releaseHash: Hex; modelId: number; jobId: number; manifestCid: string };

/**
 * Serves what other operators trained: a release of a training job whose adapter this operator's engine holds. All that
 * receipts will say of it is read from its manifest and from the chain, and held against its hash.
 */
export function createAdoption(context: Trainer) {
  const { db, chain, config, engine, log } = context;
  const { client, contracts } = chain;
  const waiting = new Map<Hex, Announced>();
  let next = BigInt(config.deployment.startBlock);
  let notBefore = 0;

  async function readAnnounced(): Promise<boolean> {
    const head = await client.getBlockNumber();
    if (head < next) return false;
    const events = await client.getContractEvents({
      ...contracts.models,
      eventName: 'ReleaseAdded',
      fromBlock: next,
      toBlock: head,
      strict: true,
    });
    next = head + 1n;
    // Releases without a job were not held against grants by anybody.
    const others = events.map(({ args }) => args).filter(({ jobId }) => jobId > 0);
    for (const { releaseHash: hash, modelId, jobId, manifestCid } of others) {
      const [known] = await db.select({ jobId: releases.jobId }).from(releases).where(eq(releases.releaseHash, hash));
      if (!known) waiting.set(hash, { releaseHash: hash, modelId, jobId, manifestCid });
    }
    return others.length > 0;
  }

  async function adopt(
    { releaseHash: hash, modelId, jobId, manifestCid }: Announced,
    held: ReadonlySet<string>,
  ): Promise<boolean> {
    const { release, adapters, datanets, indexCid, rowsCid, evaluationCid } = manifestSchema.parse(
      await catJson(context.ipfs, manifestCid),
    );
    const [adapter] = adapters;
    if (!adapter || !held.has(adapter.adapterId)) return false;
    const isItsOwn =
      releaseHash(release) === hash &&
      adaptersHash(adapters) === release.adaptersHash &&
      datanetsHash(datanets) === release.datanetsHash;
    if (!isItsOwn) throw new ServiceError(422, 'wrong_manifest', 'its manifest is of another release');
    const { rows: stated } = indexSchema.parse(await catJson(context.ipfs, indexCid));
    const [job] = await db.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
    if (!job || job.deliverBy === null) throw new Error('its job has not been read from the chain yet');
    const rows = rowsOf(stated, (await gather(context, datanets, acceptance(job))).records);
    if (indexTree(rows.map(leafOf)).root !== release.indexRoot)
      throw new ServiceError(
        422,
        'wrong_index',
        'its index is not the one it commits to, or names other contributors than the chain',
      );
    if (rowsCid !== undefined) await requireComponents(await context.ipfs.cat(rowsCid), rows, release);
    const row = { releaseHash: hash, modelId, jobId, adapter: adapter.adapterId, release, datanets, manifestCid, evaluationCid };
    await db
      .insert(releases)
      .values({ ...row, indexCid, rows })
      .onConflictDoNothing();
    context.facts.forgetModel(modelId);
    log.info({ modelId, releaseHash: hash }, 'serving a release that another operator trained');
    return true;
  }

  /** One release that cannot be read now must not keep the others waiting: it is looked at again later. */
  async function tryToAdopt(announced: Announced, held: ReadonlySet<string>): Promise<void> {
    const { releaseHash: hash } = announced;
    try {
      if (await adopt(announced, held)) waiting.delete(hash);
    } catch (error) {
      const isFinal = error instanceof z.ZodError || (error instanceof ServiceError && error.status === 422);
      if (isFinal) waiting.delete(hash);
      log[isFinal ? 'warn' : 'debug'](
        { releaseHash: hash, reason: sentence(error) },
        isFinal ? 'a release of another operator is not served' : 'a release of another operator cannot be read yet',
      );
    }
  }

  return async function tick(): Promise<void> {
    const isNew = await readAnnounced();
    if (waiting.size === 0 || (!isNew && Date.now() < notBefore)) return;
    await context.freshen(); // the jobs, versions and revocations that came before the release
    notBefore = Date.now() + lookAgainMs;
    const held = new Set((await engine.adapters()).filter(({ hasIndex }) => hasIndex).map(({ id }) => id));
    // The newest is what callers ask for.
    for (const announced of [...waiting.values()].reverse()) await tryToAdopt(announced, held);
  };
}
