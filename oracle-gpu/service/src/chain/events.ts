import type { accessGrantsAbi, datanetRegistryAbi, inferenceRequestsAbi, rewardPoolAbi, trainingJobsAbi } from '@openledger/sdk';
import type { ContractEventName, ParseEventLogsReturnType } from 'viem';

type Abi = readonly [
  ...typeof datanetRegistryAbi,
  ...typeof accessGrantsAbi,
  ...typeof trainingJobsAbi,
  ...typeof rewardPoolAbi,
  ...typeof inferenceRequestsAbi,
];

/** An event of the contracts that the service follows. */
export type ChainEvent = ParseEventLogsReturnType<Abi, ContractEventName<Abi>, true>[number];
