import type { Hex } from 'viem';
import { encodeAbiParameters } from 'viem';
import { indexTree } from '../release/indexTree.ts';
import type { Release } from '../release/release.ts';
import { adaptersHash, datanetsHash, parentsHash } from '../release/releaseHash.ts';
import { keccak } from '../schema/keccak.ts';
import { zeroHash } from '../tree/nodes.ts';

const seedParameters = [{ type: 'string' }, { type: 'uint32' }, { type: 'uint32' }] as const;

/**
 * The release of an agent's version, as AgentRegistry computes it (contracts/src/agents/AgentRelease.sol, docs/wire.md):
 * the manifest stands where a model's adapter does, and there is nothing that was trained or attributed.
 *
 * @param manifestHash keccak256 of the manifest's RFC 8785 JSON in UTF-8
 * @param version from 1
 */
export function agentRelease(manifestHash: Hex, agentId: number, version: number): Release {
  return {
    baseModel: zeroHash,
    adaptersHash: adaptersHash([{ adapterId: manifestHash, weightBps: 10_000 }]),
    tokenizerHash: zeroHash,
    datanetsHash: datanetsHash([]),
    trainingLogRoot: zeroHash,
    indexRoot: indexTree([]).root,
    indexRows: 0,
    k: 0,
    seed: keccak(encodeAbiParameters(seedParameters, ['openledger agent', agentId, version])),
    projectionHash: zeroHash,
    nullThreshold: 0,
    parentsHash: parentsHash([]),
    evaluationHash: zeroHash,
  };
}
