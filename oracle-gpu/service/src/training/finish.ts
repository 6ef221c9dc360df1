import {
  adaptersHash,
  datanetsHash,
  evaluationHash,
  indexTree,
  parentsHash,
  type Release,
  releaseHash,
  trainingLogRoot,
} from '@openledger/sdk';
import { and, asc, eq } from 'drizzle-orm';
import type { Hex } from 'viem';
import type { gather } from '../datanets/gather.ts';
import { jobEvents, releases } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import type { HeldItems } from '../evaluation/items.ts';
import { measureItems } from '../evaluation/measure.ts';
import { addJson, maxBytes } from '../ipfs/client.ts';
import { leafOf } from '../releases.ts';
import { adapterId } from './adapterId.ts';
import { publishCheckpoints } from './checkpoints.ts';
import type { Trainer } from './estimate.ts';
import type { JobRow } from './quote.ts';
import { requireComponents, rowsOf } from './rows.ts';

/** `IDatanetRegistry.Policy.Open` */
const openPolicy = 0;

const adapterFiles = ['adapter_model.safetensors', 'adapter_config.json'] as const;

/**
 * Makes the release of a trained job: checks what the engine hands over against the hashes it stated, pins every file,
 * stores the index rows, attests. Repeating it gives the same release.
 */
export async function finishJob(
  context: Trainer,
  job: JobRow,
  engineId: string,
  gathered: Awaited<ReturnType<typeof gather>>,
  { held, stopping }: { held: HeldItems | undefined; stopping: AbortSignal },
): Promise<void> {
  const { engine, ipfs, db, outbox, chain } = context;
  const { result } = await engine.job(engineId);
  if (!result) throw new Error('The engine has lost the result of the job.');
  const [weights, configuration, log, { rows: engineRows }, components] = await Promise.all([
    engine.adapterFile(result.adapter, adapterFiles[0]),
    engine.adapterFile(result.adapter, adapterFiles[1]),
    engine.jobLog(engineId),
    engine.jobIndex(engineId),
    engine.jobIndexRows(engineId),
  ]);
  requireSame('adapter', adapterId(weights, configuration), result.adapter);
  requireSame('training log', trainingLogRoot(entriesOf(log)), result.trainingLogRoot);
  const rows = rowsOf(engineRows, gathered.records);

  const samples = await db
    .select({ data: jobEvents.data })
    .from(jobEvents)
    .where(and(eq(jobEvents.jobId, job.jobId), eq(jobEvents.type, 'evaluation')))
    .orderBy(asc(jobEvents.seq));
  const files = { [adapterFiles[0]]: await ipfs.add(weights), [adapterFiles[1]]: await ipfs.add(configuration) };
  const trainingLogCid = await ipfs.add(log);
  // What a release is compared with may have changed since this one was made: it is not measured again.
  const [made] = await db.select({ cid: releases.evaluationCid }).from(releases).where(eq(releases.jobId, job.jobId));
  const evaluationCid =
    made?.cid ??
    (await addJson(ipfs, {
      evaluation: result.evaluation,
      passes: samples.map(({ data }) => data),
      ...(held ? { items: await measureItems(context, job, result.adapter, held.items, stopping) } : {}),
    }));
  const indexCid = await addJson(ipfs, { rows: rows.map(({ source: _source, ...row }) => row) });

  const adapters = [{ adapterId: result.adapter, weightBps: 10_000 }];
  const release: Release = {
    baseModel: result.baseModel,
    adaptersHash: adaptersHash(adapters),
    tokenizerHash: result.tokenizerHash,
    datanetsHash: datanetsHash(gathered.datanets),
    trainingLogRoot: result.trainingLogRoot,
    indexRoot: indexTree(rows.map(leafOf)).root,
    indexRows: rows.length,
    k: result.index.k,
    seed: result.index.seed,
    projectionHash: result.index.projectionHash,
    nullThreshold: result.index.nullThreshold,
    parentsHash: parentsHash([]),
    evaluationHash: evaluationHash(evaluationCid),
  };
  const hash = releaseHash(release);
  await requireComponents(components, rows, release);
  const rowsCid = await publishRows(context, gathered.datanets, components);
  const isReplayable = result.checkpoints && (await areOpen(context, gathered.datanets));
  const checkpoints = isReplayable ? await publishCheckpoints(context, engineId, result.checkpoints ?? []) : undefined;
  const manifestCid = await addJson(ipfs, {
    release,
    releaseHash: hash,
    adapters: adapters.map((adapter) => ({ ...adapter, files })),
    datanets: gathered.datanets,
    trainingLogCid,
    ...(checkpoints === undefined ? {} : { checkpoints }),
    indexCid,
    ...(rowsCid === undefined ? {} : { rowsCid }),
    evaluationCid,
    parents: [],
    fidelity: { status: 'provisional' },
  });
  const row = {
    releaseHash: hash,
    modelId: job.modelId,
    jobId: job.jobId,
    adapter: result.adapter,
    release,
    datanets: gathered.datanets,
    manifestCid,
    evaluationCid,
    indexCid,
    rows,
  };
  await db.insert(releases).values(row).onConflictDoNothing();

  const purpose = `attest:${job.jobId}`;
  const { status } = await chain.client.readContract({ ...chain.contracts.jobs, functionName: 'job', args: [job.jobId] });
  const earlier = await outbox.find(purpose);
  if (status === 3) return; // attested: the watcher tells
  const isWaiting = earlier && (earlier.status === 'stored' || earlier.status === 'sent');
  await outbox.settled(
    isWaiting
      ? earlier
      : await outbox.send(purpose, {
          ...chain.contracts.jobs,
          functionName: 'attest',
          args: [job.jobId, release, evaluationCid, manifestCid],
        }),
  );
  context.facts.forgetModel(job.modelId);
}

/**
 * Publishes the components of index rows where everybody may have the records, since they are compressed gradients and
 * tell something of them, and where they fit into a file; of others it can be asked on chain what one scored.
 * @returns the file's CID, if there is one
 */
export async function publishRows(
  { chain, ipfs }: Pick<Trainer, 'chain' | 'ipfs'>,
  datanets: readonly { datanetId: number }[],
  components: Uint8Array,
): Promise<string | undefined> {
  if (components.length > maxBytes) return undefined;
  return (await areOpen({ chain }, datanets)) ? ipfs.add(components) : undefined;
}

/** Whether everybody may have the records of all these datanets, and so what was made of them. */
export async function areOpen({ chain }: Pick<Trainer, 'chain'>, datanets: readonly { datanetId: number }[]): Promise<boolean> {
  const found = await Promise.all(
    datanets.map(({ datanetId }) =>
      chain.client.readContract({ ...chain.contracts.datanets, functionName: 'datanet', args: [datanetId] }),
    ),
  );
  return found.every(({ policy }) => policy === openPolicy);
}

function requireSame(what: string, computed: Hex, stated: Hex): void {
  if (computed !== stated)
    throw new ServiceError(
      422,
      'engine_mismatch',
      `The engine's ${what} hashes to ${computed}, it stated ${stated}: nothing is released.`,
    );
}

function entriesOf(log: Uint8Array): string[] {
  return new TextDecoder()
    .decode(log)
    .split('\n')
    .filter((line) => line !== '');
}
