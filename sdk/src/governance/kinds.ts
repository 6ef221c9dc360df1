import type { Address, TypedDataDomain } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';

type Contracts = Pick<Deployment, 'chainId' | 'contracts'>;

/** Kinds of decisions. Each has a governor and a timelock of its own, and executes nothing of another kind's. */
export const decisionKinds = ['treasury', 'parameters', 'models', 'agents', 'upgrades'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

const capitalized = (kind: DecisionKind): string => `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;

/** Governor of a kind. Throws when the deployment has none. */
export function governorOf(deployment: Contracts, kind: DecisionKind): Address {
  return contractAddress(deployment, `${capitalized(kind)}Governor`);
}

/** What executes the decisions of a kind, and holds its rights. Throws when the deployment has none. */
export function timelockOf(deployment: Contracts, kind: DecisionKind): Address {
  return contractAddress(deployment, `${capitalized(kind)}Timelock`);
}

/** Kind of decision of the governor at an address; undefined when it is none of the deployment's. */
export function kindOfGovernor(deployment: Pick<Deployment, 'contracts'>, governor: Address): DecisionKind | undefined {
  const at = (kind: DecisionKind) => deployment.contracts[`${capitalized(kind)}Governor`]?.toLowerCase();
  return decisionKinds.find((kind) => at(kind) === governor.toLowerCase());
}

/** EIP-712 domain of a kind's governor, for ballots. */
export function governorDomain(deployment: Contracts, kind: DecisionKind): TypedDataDomain {
  return {
    name: `OpenLedger ${capitalized(kind)}`,
    version: '1',
    chainId: deployment.chainId,
    verifyingContract: governorOf(deployment, kind),
  };
}
