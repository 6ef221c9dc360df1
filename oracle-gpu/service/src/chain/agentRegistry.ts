import type { Deployment } from '@openledger/sdk';
import { parseAbi } from 'viem';

/** States of an agent as the contract counts them. */
export const agentState = { none: 0, paused: 1, active: 2, retired: 3 } as const;

const abi = parseAbi([
  'struct Agent { uint32 modelId; uint32 version; uint8 state; uint96 stake; uint96 unbonding; uint64 unbondsAt; bytes32 manifestHash; string manifestCid; }',
  'function create(string name, string manifestCid, bytes32 manifestHash, Terms terms) returns (uint32 agentId)',
  'struct Terms { uint16 operatorBps; uint16 developerBps; uint16 parentsBps; uint16 backersBps; uint16 contributorsBps; address parents; address backers; uint96 promptPrice; uint96 completionPrice; uint96 retrievalPrice; uint96 agentStepPrice; }',
  'function agent(uint32 agentId) view returns (Agent)',
  'function agentCount() view returns (uint32)',
  'function agentOfModel(uint32 modelId) view returns (uint32)',
  'function manifestAt(uint32 agentId, uint32 version) view returns (bytes32 manifestHash, string manifestCid, bytes32 releaseHash)',
  'function minimumStake() view returns (uint96)',
]);

/** Where agents are registered; undefined on a chain whose deployment has none. */
export function agentRegistryOf({ contracts }: Deployment) {
  const address = contracts.AgentRegistry;
  return address ? ({ address, abi } as const) : undefined;
}
