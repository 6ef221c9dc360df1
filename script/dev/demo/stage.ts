// What every step of the demonstration has: the chain, the named accounts, the oracle service, IPFS.
import { readFileSync } from 'node:fs';
import {
  accessGrantsAbi,
  agentRegistryAbi,
  contractAddress,
  contributionVotesAbi,
  createGateway,
  type Deployment,
  datanetPoolAbi,
  datanetRegistryAbi,
  deploymentSchema,
  explainError,
  faucetAbi,
  type Gateway,
  gasWithMargin,
  modelRegistryAbi,
  namedReviewersAbi,
  openGovernorAbi,
  openTokenAbi,
  operatorRegistryAbi,
  paymentEscrowAbi,
  releaseFidelityAbi,
  rewardPoolAbi,
  settlementAbi,
  trainingJobsAbi,
  treasuryAbi,
  votingPowerAbi,
} from '@openledger/sdk';
import { type DevName, devAccount } from '@openledger/sdk/dev';
import {
  type Abi,
  type Address,
  type Chain,
  type ContractFunctionArgs,
  type ContractFunctionName,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
  type TransactionReceipt,
} from 'viem';
import { deploymentFile, urls } from '../config.ts';

export type Stage = {
  chain: PublicClient;
  deployment: Deployment;
  contracts: ReturnType<typeof openContracts>;
  gateway: Gateway;
  operator: Address;
  /** Sends a transaction as one of the named accounts; throws with the contract's own error when it would fail. */
  transact: Transact;
  /** Unix time of the latest block: the chain's clock, which the contracts go by. */
  now: () => Promise<number>;
  /** A file by its CID, as anyone gets it from the IPFS gateway. */
  readFile: (cid: string) => Promise<Uint8Array>;
};

export type Transact = <
  const abi extends Abi,
  name extends ContractFunctionName<abi, 'nonpayable' | 'payable'>,
  const args extends ContractFunctionArgs<abi, 'nonpayable' | 'payable', name>,
>(
  who: DevName,
  contract: { address: Address; abi: abi },
  functionName: name,
  args: args,
) => Promise<TransactionReceipt>;

export const addressOf = (name: DevName): Address => devAccount(name).address;

function openContracts(deployment: Deployment) {
  const at = (name: string): Address => contractAddress(deployment, name);
  return {
    token: { address: at('OpenToken'), abi: openTokenAbi },
    faucet: { address: at('Faucet'), abi: faucetAbi },
    datanets: { address: at('DatanetRegistry'), abi: datanetRegistryAbi },
    reviewers: { address: at('NamedReviewers'), abi: namedReviewersAbi },
    grants: { address: at('AccessGrants'), abi: accessGrantsAbi },
    agents: { address: at('AgentRegistry'), abi: agentRegistryAbi },
    models: { address: at('ModelRegistry'), abi: modelRegistryAbi },
    jobs: { address: at('TrainingJobs'), abi: trainingJobsAbi },
    fidelity: { address: at('ReleaseFidelity'), abi: releaseFidelityAbi },
    operators: { address: at('OperatorRegistry'), abi: operatorRegistryAbi },
    escrow: { address: at('PaymentEscrow'), abi: paymentEscrowAbi },
    settlement: { address: at('Settlement'), abi: settlementAbi },
    rewards: { address: at('RewardPool'), abi: rewardPoolAbi },
    votes: { address: at('ContributionVotes'), abi: contributionVotesAbi },
    power: { address: at('VotingPower'), abi: votingPowerAbi },
    governor: { address: at('TreasuryGovernor'), abi: openGovernorAbi },
    treasury: { address: at('Treasury'), abi: treasuryAbi },
    pool: (address: Address) => ({ address, abi: datanetPoolAbi }),
  } as const;
}

/** Opens the stage on the stack that runs now. Throws one sentence when something of it is missing. */
export async function openStage(): Promise<Stage> {
  const deployment = deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8')));
  const local: Chain = defineChain({
    id: deployment.chainId,
    name: 'Local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [urls.chain] } },
  });
  const chain = createPublicClient({ chain: local, transport: http(urls.chain), pollingInterval: 250, cacheTime: 0 });
  const gateway = createGateway(urls.gateway);
  const { operator, chainId } = await gateway.info();
  if (chainId !== deployment.chainId) {
    throw new Error(
      `The service is on chain ${chainId}, the deployment on ${deployment.chainId}: start one stack with npm start.`,
    );
  }

  const transact: Transact = async (who, contract, functionName, args) => {
    const account = devAccount(who);
    const wallet = createWalletClient({ account, chain: local, transport: http(urls.chain) });
    let hash: Hex;
    try {
      const { request } = await chain.simulateContract({ ...contract, account, functionName, args } as Parameters<
        typeof chain.simulateContract
      >[0]);
      const gas = gasWithMargin(await chain.estimateContractGas(request as Parameters<typeof chain.estimateContractGas>[0]));
      hash = await wallet.writeContract({ ...request, gas });
    } catch (error) {
      throw new Error(`${who} cannot ${String(functionName)}: ${explainError(error)}`, { cause: error });
    }
    const receipt = await chain.waitForTransactionReceipt({ hash });
    if (receipt.status !== 'success') throw new Error(`${who}'s ${String(functionName)} failed on chain in ${hash}.`);
    return receipt;
  };

  return {
    chain,
    deployment,
    contracts: openContracts(deployment),
    gateway,
    operator,
    transact,
    now: async () => Number((await chain.getBlock()).timestamp),
    readFile: async (cid) => {
      const response = await fetch(`${urls.ipfs}/ipfs/${cid}`);
      if (!response.ok) throw new Error(`IPFS has no ${cid} (${response.status}): was it pinned?`);
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/** A JSON file by its CID. */
export async function readJson(stage: Stage, cid: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await stage.readFile(cid)));
}
