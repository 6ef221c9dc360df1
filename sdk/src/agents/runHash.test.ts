import { encodeAbiParameters, keccak256 } from 'viem';
import { expect, test } from 'vitest';
import { seededRandom } from '../vectors/random.ts';
import { runHash } from './runHash.ts';

test('a run is named by the ABI encoding of what it is bound to', () => {
  const random = seededRandom('run');
  const [channel, releaseHash, promptHash, nonce] = [random.bytes32(), random.bytes32(), random.bytes32(), random.bytes32()];
  const words = encodeAbiParameters(
    [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
    [channel, releaseHash, promptHash, nonce],
  );
  expect(runHash({ channel, releaseHash, promptHash, nonce })).toBe(keccak256(words));
});
