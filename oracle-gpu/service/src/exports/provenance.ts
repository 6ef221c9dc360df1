import { eq } from 'drizzle-orm';
import { z } from 'zod';
import { trainingJobs } from '../db/schema.ts';
import { sentence } from '../errors.ts';
import { catJson } from '../ipfs/client.ts';
import type { LoadedRelease } from '../releases.ts';
import type { Trainer } from '../training/estimate.ts';
import { readSpec } from '../training/quote.ts';

const manifestSchema = z.looseObject({ evaluationCid: z.string() });
/** Only plain facts go into a card, not the samples beside them. */
const evaluationSchema = z.looseObject({ evaluation: z.record(z.string(), z.union([z.number(), z.string(), z.null()])) });

/** What the card of an exported model says of where it comes from: what cannot be read now is left out of it. */
export async function provenanceOf(context: Trainer, { releaseHash, release, datanets, manifestCid, jobId }: LoadedRelease) {
  const orNothing = async <T>(read: Promise<T>): Promise<T | undefined> =>
    read.catch((error: unknown) => {
      context.log.warn({ releaseHash, reason: sentence(error) }, 'a model card is written without a part of its provenance');
      return undefined;
    });
  const [training, evaluation, fidelity] = await Promise.all([
    orNothing(settingsOf(context, jobId)),
    orNothing(evaluationOf(context, manifestCid)),
    orNothing(context.fidelities.fidelityOf(releaseHash)),
  ]);
  return {
    releaseHash,
    datanets,
    trainingLogRoot: release.trainingLogRoot,
    ...(training ? { training } : {}),
    ...(evaluation ? { evaluation } : {}),
    ...(fidelity ? { fidelity } : {}),
  };
}

async function settingsOf(context: Trainer, jobId: number) {
  const [job] = await context.db.select().from(trainingJobs).where(eq(trainingJobs.jobId, jobId));
  if (!job) return undefined;
  const { method, training } = await readSpec(context, job);
  return { ...method, ...training };
}

async function evaluationOf({ ipfs }: Trainer, manifestCid: string) {
  const { evaluationCid } = manifestSchema.parse(await catJson(ipfs, manifestCid));
  return evaluationSchema.parse(await catJson(ipfs, evaluationCid)).evaluation;
}
