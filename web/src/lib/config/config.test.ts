import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

const contract = `0x${'1'.repeat(40)}`;
const names = [
  'OpenToken',
  'DatanetRegistry',
  'NamedReviewers',
  'AccessGrants',
  'ModelRegistry',
  'TrainingJobs',
  'ModelProposals',
  'AgentRegistry',
  'ReleaseFidelity',
  'OperatorRegistry',
  'FraudProofs',
  'Jury',
  'PaymentEscrow',
  'Settlement',
  'RewardPool',
  'FeePolicy',
  'ContributionVotes',
  'VotingPower',
  'Treasury',
  'ModelMarket',
  'Ratings',
  'EvaluationRounds',
  'Lineage',
];
const valid = {
  chainId: 31337,
  chainName: 'Local',
  rpcUrl: 'http://127.0.0.1:8545',
  subgraphUrl: 'http://127.0.0.1:8000/subgraphs/name/openledger',
  gatewayUrl: 'http://127.0.0.1:8200',
  ipfsUrl: 'http://127.0.0.1:5001',
  deployment: { chainId: 31337, startBlock: 1, contracts: Object.fromEntries(names.map((name) => [name, contract])) },
};

test('development is off unless the configuration says so', () => {
  expect(parseConfig(valid).development).toBe(false);
  expect(parseConfig({ ...valid, development: true }).development).toBe(true);
});

test('a missing contract is named a fault', () => {
  const contracts = { ...valid.deployment.contracts } as Record<string, string>;
  delete contracts.Settlement;
  expect(() => parseConfig({ ...valid, deployment: { ...valid.deployment, contracts } })).toThrow(/deployment.contracts/);
});

test('a wrong field is named', () => {
  expect(() => parseConfig({ ...valid, rpcUrl: 'nowhere' })).toThrow(/rpcUrl/);
});
