import type { PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { lineageAbi } from '../generated/abis.ts';
import { licenceId } from './licence.ts';
import type { ParentLink } from './royaltiesOf.ts';

/** How a model uses a parent, in the contract's order. */
export const parentUses = ['merged', 'trained', 'member', 'routed'] as const;
export type ParentUse = (typeof parentUses)[number];

/** On what conditions others may build on a model. */
export interface DerivationConditions {
  /** From 1. */
  version: number;
  /** SPDX id. */
  licence: string;
  /** Of a derived model's net fee, at least. */
  minimumBps: number;
  allowed: boolean;
  /** Derived models keep the licence, and so do theirs. */
  sameLicence: boolean;
}

export interface LineageParent extends ParentLink {
  /** Version of the parent's conditions, as agreed to. */
  derivationVersion: number;
  use: ParentUse;
}

type Reader = Pick<PublicClient, 'readContract'>;

/** The models that a model said it is built from; none if it named none. */
export async function readParents(client: Reader, deployment: Deployment, modelId: number): Promise<LineageParent[]> {
  const lineage = { address: contractAddress(deployment, 'Lineage'), abi: lineageAbi } as const;
  const parents = await client.readContract({ ...lineage, functionName: 'parentsOf', args: [modelId] });
  return parents.map(({ use, ...parent }) => {
    const word = parentUses[use];
    if (!word) throw new Error(`The chain names a use of models (${use}) that this version does not know: update it.`);
    return { ...parent, use: word };
  });
}

/** The latest conditions of building on a model; undefined if none were ever stated: then nobody may. */
export async function readDerivation(
  client: Reader,
  deployment: Deployment,
  modelId: number,
): Promise<DerivationConditions | undefined> {
  const lineage = { address: contractAddress(deployment, 'Lineage'), abi: lineageAbi } as const;
  const version = await client.readContract({ ...lineage, functionName: 'derivationVersion', args: [modelId] });
  if (version === 0) return undefined;
  const found = await client.readContract({ ...lineage, functionName: 'derivation', args: [modelId, version] });
  return { ...found, version, licence: licenceId(found.licence) };
}
