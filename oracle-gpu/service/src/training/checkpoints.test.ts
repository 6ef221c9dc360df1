import { createHash } from 'node:crypto';
import type { Hex } from 'viem';
import { expect, test } from 'vitest';
import { maxBytes } from '../ipfs/client.ts';
import { adapterId } from './adapterId.ts';
import { publishCheckpoints } from './checkpoints.ts';
import type { Trainer } from './estimate.ts';

const weights = new Uint8Array([1, 2, 3]);
const configuration = new TextEncoder().encode('{"r":8}');
const digest = adapterId(weights, configuration);
const sha256 = (bytes: Uint8Array): Hex => `0x${createHash('sha256').update(bytes).digest('hex')}`;

function context(state: Uint8Array) {
  const pinned: Uint8Array[] = [];
  const files: Record<string, Uint8Array> = {
    'adapter_model.safetensors': weights,
    'adapter_config.json': configuration,
    'state.safetensors': state,
  };
  const engine = { checkpointFile: async (_id: string, _step: number, name: string) => files[name] };
  const ipfs = { add: async (bytes: Uint8Array) => `cid${pinned.push(bytes)}` };
  return { pinned, context: { engine, ipfs } as unknown as Pick<Trainer, 'engine' | 'ipfs'> };
}

test('the states that a training committed are pinned with what they are', async () => {
  const state = new Uint8Array([9]);
  const { pinned, context: given } = context(state);
  const stated = [{ step: 4, digest, stateHash: sha256(state) }];
  const [found] = await publishCheckpoints(given, 'job', stated);
  expect(found).toMatchObject({ step: 4, digest, stateHash: sha256(state) });
  expect(Object.keys(found?.files ?? {})).toEqual(['adapter_model.safetensors', 'adapter_config.json', 'state.safetensors']);
  expect(pinned).toEqual([weights, configuration, state]);
});

test('a state or an adapter that is another than was stated is not published', async () => {
  const state = new Uint8Array([9]);
  const { pinned, context: given } = context(state);
  const wrong = [{ step: 4, digest, stateHash: sha256(weights) }];
  await expect(publishCheckpoints(given, 'job', wrong)).rejects.toThrow(/step 4 is another/);
  await expect(publishCheckpoints(given, 'job', [{ step: 4, digest: sha256(state), stateHash: sha256(state) }])).rejects.toThrow(
    /step 4 is another/,
  );
  expect(pinned).toEqual([]);
});

test('a state that is larger than a file may be is left out', async () => {
  const large = new Uint8Array(maxBytes + 1);
  const { pinned, context: given } = context(large);
  expect(await publishCheckpoints(given, 'job', [{ step: 4, digest, stateHash: sha256(large) }])).toEqual([]);
  expect(pinned).toEqual([]);
});
