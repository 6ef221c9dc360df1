import { getAddress } from 'viem';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { parametersHash } from '../settlement/batch.ts';
import { seededRandom } from './random.ts';

/** The parameters of a batch as they are hashed, and what is to be read from them. Accounts without a reputation have the whole. */
export function parametersVector() {
  const random = seededRandom('openledger parameters');
  const accounts = Array.from({ length: 12 }, random.address);
  const known = accounts.slice(0, 8).map((account) => [account, 5_000 + random.below(5_001)] as const);
  const releases = Array.from({ length: 4 }, random.bytes32);
  const parameters = {
    reputation: Object.fromEntries(known),
    channelWeights: { influence: 7_000, verbatim: 2_000, retrieval: 1_000 },
    poolSizes: [0, 1, 4_294_967_295, 240].map((size, index) => ({
      datanetId: index + 1,
      pool: index === 1 ? getAddress(random.address()) : random.address(),
      size,
    })),
    contributorCapBps: 8_000,
    burnBps: 0,
    fidelity: Object.fromEntries(releases.slice(0, 3).map((hash, index) => [hash, [0, 4_321, 10_000][index] ?? 0])),
    fidelityFloorBps: 5_000,
  };
  return {
    canonical: canonicalJson(parameters),
    hash: parametersHash(parameters),
    accounts,
    reputations: accounts.map((_, index) => known[index]?.[1] ?? 10_000),
    pools: parameters.poolSizes.map(({ pool }) => pool),
    sizes: parameters.poolSizes.map(({ size }) => size),
    contributorCapBps: parameters.contributorCapBps,
    burnBps: parameters.burnBps,
    ...parameters.channelWeights,
    fidelityFloorBps: parameters.fidelityFloorBps,
    releases,
    fidelities: releases.map((hash) => parameters.fidelity[hash] ?? 0),
  };
}
