import {
  agentRegistryAbi,
  evaluationRoundsAbi,
  feePolicyAbi,
  juryAbi,
  modelProposalsAbi,
  treasuryAbi,
  votingPowerAbi,
} from '@openledger/sdk';
import { type Address, encodeFunctionData, erc20Abi, type Hex } from 'viem';
import { expect, test } from 'vitest';
import { categoryId } from '#lib/treasury/categories.ts';
import { type Call, callsOf, effectsOf, upgradeAbi } from './effects.ts';

const at = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`;
const contracts = {
  Treasury: at(1),
  FeePolicy: at(2),
  VotingPower: at(3),
  Jury: at(4),
  OpenToken: at(5),
  ModelProposals: at(6),
  AgentRegistry: at(7),
  EvaluationRounds: at(10),
};
const call = (target: Address, data: Hex, value = 0n): Call => ({ target, data, value });
const spend = encodeFunctionData({ abi: treasuryAbi, functionName: 'spend', args: [at(9), 25n, 'Seeds'] });
const hash = (digit: string): Hex => `0x${digit.repeat(64)}`;
const opening = {
  releaseA: hash('a'),
  releaseB: hash('b'),
  questions: 20,
  assignmentHash: hash('5'),
  documentCid: 'bafkreiround',
};
const split = {
  protocolFeeBps: 500,
  burnBps: 5_000,
  contributorCapBps: 8_000,
  verbatimBps: 2_000,
  retrievalBps: 3_000,
  fidelityFloorBps: 5_000,
};

test('what the contracts of this deployment do has words', () => {
  const calls = [
    call(at(1), spend),
    call(at(2), encodeFunctionData({ abi: feePolicyAbi, functionName: 'setFee', args: [split] })),
    call(at(3), encodeFunctionData({ abi: votingPowerAbi, functionName: 'setFloor', args: [8n] })),
    call(at(4), encodeFunctionData({ abi: juryAbi, functionName: 'setSampleRate', args: [25] })),
    call(at(5), encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [at(6), 7n] })),
    call(at(6), encodeFunctionData({ abi: modelProposalsAbi, functionName: 'back', args: [3, 7n] })),
    call(at(7), encodeFunctionData({ abi: agentRegistryAbi, functionName: 'slash', args: [2, 5n, 'It lied'] })),
    call(at(7), encodeFunctionData({ abi: agentRegistryAbi, functionName: 'retire', args: [2] })),
    call(at(10), encodeFunctionData({ abi: evaluationRoundsAbi, functionName: 'openDecided', args: [opening] })),
    call(at(10), encodeFunctionData({ abi: evaluationRoundsAbi, functionName: 'strike', args: [4, 'Invented'] })),
    call(at(1), encodeFunctionData({ abi: upgradeAbi, functionName: 'upgradeToAndCall', args: [at(8), '0x'] })),
  ];
  expect(effectsOf(calls, contracts)).toEqual([
    { kind: 'spend', to: at(9), amount: 25n, category: '', purpose: 'Seeds' },
    { kind: 'fees', split },
    { kind: 'floor', floor: 8n },
    { kind: 'sampleRate', bps: 25 },
    { kind: 'allow', spender: at(6), amount: 7n },
    { kind: 'back', proposal: 3, amount: 7n },
    { kind: 'slash', agent: 2, amount: 5n, reason: 'It lied' },
    { kind: 'retire', agent: 2 },
    { kind: 'openRound', questions: 20, documentCid: 'bafkreiround' },
    { kind: 'strikeRound', round: 4, reason: 'Invented' },
    { kind: 'upgrade', proxy: at(1), implementation: at(8), data: '0x' },
  ]);
});

test('what the treasury decides has words: payments in a category, streams, their end, budgets', () => {
  const grants = categoryId('grants');
  const treasury = { abi: treasuryAbi };
  const calls = [
    encodeFunctionData({ ...treasury, functionName: 'spendOn', args: [grants, at(9), 25n, 'Seeds'] }),
    encodeFunctionData({ ...treasury, functionName: 'openStream', args: [grants, at(9), 50n, 0, 86_400, 'Upkeep'] }),
    encodeFunctionData({ ...treasury, functionName: 'endStream', args: [3] }),
    encodeFunctionData({ ...treasury, functionName: 'setBudget', args: [grants, 7n, 60] }),
  ];
  expect(
    effectsOf(
      calls.map((data) => call(at(1), data)),
      contracts,
    ),
  ).toEqual([
    { kind: 'spend', to: at(9), amount: 25n, category: 'grants', purpose: 'Seeds' },
    { kind: 'stream', to: at(9), amount: 50n, start: 0, duration: 86_400, category: 'grants', purpose: 'Upkeep' },
    { kind: 'endStream', stream: 3 },
    { kind: 'budget', category: 'grants', cap: 7n, period: 60 },
  ]);
});

test('a call that looks like one of ours but goes elsewhere, carries ether or cannot be read is shown raw', () => {
  const elsewhere = call(at(99), spend);
  const dear = call(at(1), spend, 1n);
  const cut = call(at(1), spend.slice(0, 40) as Hex);
  const upgrade = encodeFunctionData({ abi: upgradeAbi, functionName: 'upgradeToAndCall', args: [at(8), '0x'] });
  for (const one of [elsewhere, dear, cut, call(at(99), upgrade), call(at(1), '0x')])
    expect(effectsOf([one], contracts)).toEqual([{ kind: 'unknown', ...one }]);
  const transfer = call(at(5), encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [at(9), 1n] }));
  expect(effectsOf([transfer], contracts)).toEqual([{ kind: 'unknown', ...transfer, functionName: 'transfer' }]);
});

test('calls come from the index as text', () => {
  expect(callsOf({ targets: [at(1)], calldatas: ['0xab'], values: ['3'] })).toEqual([call(at(1), '0xab', 3n)]);
});
