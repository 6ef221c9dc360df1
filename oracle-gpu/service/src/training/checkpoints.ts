import { createHash } from 'node:crypto';
import type { Hex } from 'viem';
import type { JobResult } from '../engine/schemas.ts';
import { ServiceError } from '../errors.ts';
import { maxBytes } from '../ipfs/client.ts';
import { adapterId } from './adapterId.ts';
import type { Trainer } from './estimate.ts';

const names = ['adapter_model.safetensors', 'adapter_config.json', 'state.safetensors'] as const;

/** A state of a training that was committed, with the files from which the steps after it can be run again. */
export type PublishedCheckpoint = { step: number; digest: Hex; stateHash: Hex; files: Record<string, string> };

/**
 * Pins the committed states of a training, held against what the engine stated of them. One that is larger than a file
 * may be is left out. Throws 422 where a file is another.
 */
export async function publishCheckpoints(
  { engine, ipfs }: Pick<Trainer, 'engine' | 'ipfs'>,
  engineId: string,
  stated: NonNullable<JobResult['checkpoints']>,
): Promise<PublishedCheckpoint[]> {
  const published: PublishedCheckpoint[] = [];
  for (const { step, digest, stateHash } of stated) {
    const [weights, configuration, state] = await Promise.all(names.map((name) => engine.checkpointFile(engineId, step, name)));
    if (!weights || !configuration || !state) throw new Error('The engine has lost a checkpoint of the job.');
    const hash = `0x${createHash('sha256').update(state).digest('hex')}`;
    if (adapterId(weights, configuration) !== digest || hash !== stateHash)
      throw new ServiceError(422, 'engine_mismatch', `The engine's checkpoint of step ${step} is another: nothing is released.`);
    const bytes = [weights, configuration, state];
    if (bytes.some(({ length }) => length > maxBytes)) continue;
    const cids = await Promise.all(bytes.map((part) => ipfs.add(part)));
    published.push({ step, digest, stateHash, files: Object.fromEntries(names.map((name, at) => [name, cids[at] ?? ''])) });
  }
  return published;
}
