import { encodeAbiParameters, type Hex } from 'viem';
import { keccak, keccakText } from '../schema/keccak.ts';
import type { Adapter, DatanetUse, Release } from './release.ts';

const releaseParameters = [
  {
    type: 'tuple',
    components: [
      { name: 'baseModel', type: 'bytes32' },
      { name: 'adaptersHash', type: 'bytes32' },
      { name: 'tokenizerHash', type: 'bytes32' },
      { name: 'datanetsHash', type: 'bytes32' },
      { name: 'trainingLogRoot', type: 'bytes32' },
      { name: 'indexRoot', type: 'bytes32' },
      { name: 'indexRows', type: 'uint32' },
      { name: 'k', type: 'uint32' },
      { name: 'seed', type: 'bytes32' },
      { name: 'projectionHash', type: 'bytes32' },
      { name: 'nullThreshold', type: 'int32' },
      { name: 'parentsHash', type: 'bytes32' },
      { name: 'evaluationHash', type: 'bytes32' },
    ],
  },
] as const;

const adapterParameters = [
  {
    type: 'tuple[]',
    components: [
      { name: 'adapterId', type: 'bytes32' },
      { name: 'weightBps', type: 'uint16' },
    ],
  },
] as const;

const datanetParameters = [
  {
    type: 'tuple[]',
    components: [
      { name: 'datanetId', type: 'uint32' },
      { name: 'version', type: 'uint32' },
      { name: 'root', type: 'bytes32' },
    ],
  },
] as const;

/** A release's name on chain. */
export function releaseHash(release: Release): Hex {
  return keccak(encodeAbiParameters(releaseParameters, [release]));
}

export function adaptersHash(adapters: readonly Adapter[]): Hex {
  return keccak(encodeAbiParameters(adapterParameters, [adapters]));
}

export function datanetsHash(datanets: readonly DatanetUse[]): Hex {
  return keccak(encodeAbiParameters(datanetParameters, [datanets]));
}

/** Over the release hashes of a merge's parents; of an empty list for a model without. */
export function parentsHash(parents: readonly Hex[]): Hex {
  return keccak(encodeAbiParameters([{ type: 'bytes32[]' }], [parents]));
}

export function evaluationHash(evaluationCid: string): Hex {
  return keccakText(evaluationCid);
}
