import {
  accessGrantsAbi,
  agentRegistryAbi,
  contractAddress,
  type Deployment,
  datanetRegistryAbi,
  dataRequestsAbi,
  evidenceProofsAbi,
  feePolicyAbi,
  fraudProofsAbi,
  inferenceRequestsAbi,
  modelProposalsAbi,
  modelRegistryAbi,
  openTokenAbi,
  operatorRegistryAbi,
  paymentEscrowAbi,
  prepaymentsAbi,
  releaseFidelityAbi,
  rewardPoolAbi,
  settlementAbi,
  trainingJobsAbi,
} from '@openledger/sdk';
import { erc20Abi, erc721Abi } from 'viem';

/** Address and ABI of each contract the service talks to. */
export function openContracts(deployment: Deployment) {
  const at = (name: string) => contractAddress(deployment, name);
  return {
    token: { address: at('OpenToken'), abi: [...openTokenAbi, ...erc20Abi] },
    datanets: { address: at('DatanetRegistry'), abi: datanetRegistryAbi },
    grants: { address: at('AccessGrants'), abi: accessGrantsAbi },
    models: { address: at('ModelRegistry'), abi: modelRegistryAbi },
    modelOwners: { address: at('ModelRegistry'), abi: erc721Abi },
    jobs: { address: at('TrainingJobs'), abi: trainingJobsAbi },
    operators: { address: at('OperatorRegistry'), abi: operatorRegistryAbi },
    escrow: { address: at('PaymentEscrow'), abi: paymentEscrowAbi },
    prepayments: { address: at('Prepayments'), abi: prepaymentsAbi },
    settlement: { address: at('Settlement'), abi: settlementAbi },
    pool: { address: at('RewardPool'), abi: rewardPoolAbi },
    proofs: { address: at('FraudProofs'), abi: fraudProofsAbi },
    evidenceProofs: { address: at('EvidenceProofs'), abi: evidenceProofsAbi },
    data: { address: at('DataRequests'), abi: dataRequestsAbi },
    fees: { address: at('FeePolicy'), abi: feePolicyAbi },
    requests: { address: at('InferenceRequests'), abi: inferenceRequestsAbi },
    proposals: { address: at('ModelProposals'), abi: modelProposalsAbi },
    agents: { address: at('AgentRegistry'), abi: agentRegistryAbi },
    fidelity: { address: at('ReleaseFidelity'), abi: releaseFidelityAbi },
  } as const;
}

export type Contracts = ReturnType<typeof openContracts>;
