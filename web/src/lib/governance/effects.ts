import {
  agentRegistryAbi,
  contributionVotesAbi,
  evaluationRoundsAbi,
  feePolicyAbi,
  juryAbi,
  modelProposalsAbi,
  openTokenAbi,
  treasuryAbi,
  votingPowerAbi,
} from '@openledger/sdk';
import { type Abi, type Address, decodeFunctionData, erc20Abi, type Hex, parseAbi } from 'viem';
import { sameAddress } from '#lib/format/address.ts';
import { categoryName } from '#lib/treasury/categories.ts';

/** Fees as FeePolicy takes them, in basis points. */
export type FeeSplit = {
  protocolFeeBps: number;
  burnBps: number;
  contributorCapBps: number;
  verbatimBps: number;
  retrievalBps: number;
  fidelityFloorBps: number;
};

/** One call of a proposal, as it will be executed. */
export type Call = { target: Address; data: Hex; value: bigint };

/** What a call does. Only what a contract of this deployment is known to do has a kind; all else is `unknown` and shown raw. */
export type Effect =
  | { kind: 'spend'; to: Address; amount: bigint; category: string; purpose: string }
  | { kind: 'stream'; to: Address; amount: bigint; start: number; duration: number; category: string; purpose: string }
  | { kind: 'endStream'; stream: number }
  | { kind: 'budget'; category: string; cap: bigint; period: number }
  | { kind: 'fees'; split: FeeSplit }
  | { kind: 'floor'; floor: bigint }
  | { kind: 'sampleRate'; bps: number }
  | { kind: 'allow'; spender: Address; amount: bigint }
  | { kind: 'back'; proposal: number; amount: bigint }
  | { kind: 'slash'; agent: number; amount: bigint; reason: string }
  | { kind: 'retire'; agent: number }
  | { kind: 'openRound'; questions: number; documentCid: string }
  | { kind: 'strikeRound'; round: number; reason: string }
  | { kind: 'upgrade'; proxy: Address; implementation: Address; data: Hex }
  | { kind: 'unknown'; target: Address; data: Hex; value: bigint; functionName?: string };

/** What every proxy of this deployment answers to. */
export const upgradeAbi = parseAbi(['function upgradeToAndCall(address newImplementation, bytes data) payable']);

type Contracts = Readonly<Record<string, Address>>;

/** The contracts that proposals call, and what is known of each. */
const known: Record<string, Abi> = {
  Treasury: treasuryAbi,
  FeePolicy: feePolicyAbi,
  VotingPower: votingPowerAbi,
  Jury: juryAbi,
  OpenToken: [...openTokenAbi, ...erc20Abi],
  ModelProposals: modelProposalsAbi,
  ContributionVotes: contributionVotesAbi,
  AgentRegistry: agentRegistryAbi,
  EvaluationRounds: evaluationRoundsAbi,
};

/** Calls of a proposal as the index has them. */
export function callsOf(proposal: {
  targets: readonly string[];
  calldatas: readonly string[];
  values: readonly string[];
}): Call[] {
  return proposal.targets.map((target, index) => ({
    target: target as Address,
    data: (proposal.calldatas[index] ?? '0x') as Hex,
    value: BigInt(proposal.values[index] ?? '0'),
  }));
}

/** What calls do, one by one. A name is given only to what is called at the deployment's own address. */
export function effectsOf(calls: readonly Call[], contracts: Contracts): Effect[] {
  return calls.map((call) => {
    const name = Object.keys(contracts).find((one) => sameAddress(contracts[one], call.target));
    const raw = { kind: 'unknown', ...call } as const;
    if (name === undefined || call.value > 0n) return raw;
    return upgradeOf(call) ?? decoded(name, call) ?? raw;
  });
}

function upgradeOf({ target, data }: Call): Effect | undefined {
  const call = tryDecode(upgradeAbi, data);
  if (!call) return undefined;
  const [implementation, initialize] = call.args as readonly [Address, Hex];
  return { kind: 'upgrade', proxy: target, implementation, data: initialize };
}

function decoded(name: string, { target, data, value }: Call): Effect | undefined {
  const abi = known[name];
  const call = abi && tryDecode(abi, data);
  if (!call) return undefined;
  const { functionName, args = [] } = call;
  switch (`${name}.${functionName}`) {
    case 'Treasury.spend': {
      const [to, amount, purpose] = args as [Address, bigint, string];
      return { kind: 'spend', to, amount, category: '', purpose };
    }
    case 'Treasury.spendOn': {
      const [category, to, amount, purpose] = args as [Hex, Address, bigint, string];
      return { kind: 'spend', to, amount, category: categoryName(category), purpose };
    }
    case 'Treasury.openStream': {
      const [category, to, amount, start, duration, purpose] = args as [Hex, Address, bigint, number, number, string];
      return { kind: 'stream', to, amount, start, duration, category: categoryName(category), purpose };
    }
    case 'Treasury.endStream':
      return { kind: 'endStream', stream: args[0] as number };
    case 'Treasury.setBudget': {
      const [category, cap, period] = args as [Hex, bigint, number];
      return { kind: 'budget', category: categoryName(category), cap, period };
    }
    case 'FeePolicy.setFee':
      return { kind: 'fees', split: args[0] as FeeSplit };
    case 'VotingPower.setFloor':
      return { kind: 'floor', floor: args[0] as bigint };
    case 'Jury.setSampleRate':
      return { kind: 'sampleRate', bps: args[0] as number };
    case 'OpenToken.approve': {
      const [spender, amount] = args as [Address, bigint];
      return { kind: 'allow', spender, amount };
    }
    case 'ModelProposals.back': {
      const [proposal, amount] = args as [number, bigint];
      return { kind: 'back', proposal, amount };
    }
    case 'AgentRegistry.slash': {
      const [agent, amount, reason] = args as [number, bigint, string];
      return { kind: 'slash', agent, amount, reason };
    }
    case 'AgentRegistry.retire':
      return { kind: 'retire', agent: args[0] as number };
    case 'EvaluationRounds.openDecided': {
      const [{ questions, documentCid }] = args as [{ questions: number; documentCid: string }];
      return { kind: 'openRound', questions, documentCid };
    }
    case 'EvaluationRounds.strike': {
      const [round, reason] = args as [number, string];
      return { kind: 'strikeRound', round, reason };
    }
    default:
      return { kind: 'unknown', target, data, value, functionName };
  }
}

function tryDecode(abi: Abi, data: Hex): { functionName: string; args?: readonly unknown[] } | undefined {
  try {
    return decodeFunctionData({ abi, data });
  } catch {
    return undefined;
  }
}
