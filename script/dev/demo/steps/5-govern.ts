import type { DevName } from '@openledger/sdk/dev';
import { type Address, encodeFunctionData, type Hex, isAddressEqual, keccak256, parseEventLogs, stringToHex } from 'viem';
import type { Domain } from '../extract.ts';
import { mustHold, open, percent, say, waitFor, waitUntil } from '../show.ts';
import { addressOf, type Stage } from '../stage.ts';
import { contributors } from './1-datanet.ts';
import type { TrainResult } from './2-train.ts';
import type { SettledBatch } from './4-settle.ts';

const grant = 25n * 10n ** 18n;
const voteFor = 1;
const whole = 10n ** 18n; // all voting power

/** States of IGovernor. */
const succeeded = 4;
const queued = 5;
const executed = 7;

const reasons: Partial<Record<DevName, string>> = {
  alice: 'Its answers pay us for what we wrote; more training, more answers.',
  bob: 'The access answers were right. Fund the next release.',
  carol: 'A public guide to governance code is what a treasury is for.',
  holder: 'Small sum, measurable result.',
};

export type Power = { name: DevName; domain: Domain | 'OPEN'; contribution: bigint; capital: bigint };
export type GovernResult = { proposalId: bigint; powers: Power[]; minted: bigint };

/** Step 5: votes are claimed, a contributor proposes, everybody votes with reasons, the treasury pays. */
export async function govern(stage: Stage, { modelId }: TrainResult, batches: readonly SettledBatch[]): Promise<GovernResult> {
  const minted = await claimVotes(stage, batches);
  await delegateOpen(stage);
  const proposal = await propose(stage, modelId);
  const powers = await castVotes(stage, proposal);
  await carryOut(stage, proposal);
  return { proposalId: proposal.id, powers, minted };
}

/** Votes are minted to those whom the receipts gave weight: contributors, developer, payer, reviewer. */
async function claimVotes(stage: Stage, batches: readonly SettledBatch[]): Promise<bigint> {
  const { chain, contracts, gateway, operator, transact } = stage;
  let total = 0n;
  for (const name of ['alice', 'bob', 'carol', 'proposer', 'caller', 'reviewer'] as const) {
    const owed = batches.at(-1)?.file.rewards.find(({ account }) => isAddressEqual(account, addressOf(name)));
    if (!owed || owed.weight === 0n) continue;
    const { claim } = await gateway.rewards(addressOf(name));
    if (!claim) throw new Error(`The service has no claim for ${name}, to whom the batch gave votes.`);
    const [, before] = await chain.readContract({
      ...contracts.rewards,
      functionName: 'claimed',
      args: [operator, addressOf(name)],
    });
    const receipt = await transact(name, contracts.rewards, 'claimVotes', [claim]);
    const minted =
      parseEventLogs({ abi: contracts.rewards.abi, eventName: 'VotesClaimed', logs: receipt.logs })[0]?.args.weight ?? 0n;
    mustHold(minted === claim.weight - before, `${name} claims ${minted} contribution votes`);
    total += minted;
  }
  return total;
}

async function delegateOpen({ chain, contracts, transact }: Stage): Promise<void> {
  const holder = addressOf('holder');
  const delegate = await chain.readContract({ ...contracts.token, functionName: 'delegates', args: [holder] });
  if (!isAddressEqual(delegate, holder)) await transact('holder', contracts.token, 'delegate', [holder]);
  const votes = await chain.readContract({ ...contracts.token, functionName: 'getVotes', args: [holder] });
  say(`holder has delegated ${open(votes, 0)} to their own vote`);
}

type Proposal = {
  id: bigint;
  targets: Address[];
  values: bigint[];
  calldatas: Hex[];
  descriptionHash: Hex;
  voteStart: bigint;
  voteEnd: bigint;
  recipient: Address;
};

async function propose(stage: Stage, modelId: number): Promise<Proposal> {
  const { chain, contracts, transact, now } = stage;
  // Power is read from the past: what was minted in the latest block counts from the next second on.
  const minted = await now();
  await waitUntil('the next second of the chain', minted + 2, now);
  const recipient = addressOf('proposer');
  const purpose = `Next release of model ${modelId}`;
  const calldata = encodeFunctionData({ abi: contracts.treasury.abi, functionName: 'spend', args: [recipient, grant, purpose] });
  const description = `# Fund the next release of model ${modelId}\n\nThe treasury pays ${open(grant, 0)} to the developer for training on the next version of the datanet.\n\nProposed on ${new Date(minted * 1000).toISOString().slice(0, 19).replace('T', ' at ')} UTC.`;
  const targets = [contracts.treasury.address];
  const receipt = await transact('alice', contracts.governor, 'propose', [targets, [0n], [calldata], description]);
  const [event] = parseEventLogs({ abi: contracts.governor.abi, eventName: 'ProposalCreated', logs: receipt.logs });
  if (!event) throw new Error('The governor told of no proposal.');
  const { proposalId, voteStart, voteEnd } = event.args;
  say(`alice proposes: the treasury pays ${open(grant, 0)} for the next release of model ${modelId}`);
  await waitUntil('voting to begin', Number(voteStart) + 1, now);
  const quorum = await chain.readContract({ ...contracts.governor, functionName: 'quorum', args: [voteStart] });
  say(`  voting has begun; ${percent(quorum, whole)} of all power must take part`);
  return {
    id: proposalId,
    targets,
    values: [0n],
    calldatas: [calldata],
    descriptionHash: keccak256(stringToHex(description)),
    voteStart,
    voteEnd,
    recipient,
  };
}

const domainOf = (name: DevName): Power['domain'] =>
  (Object.entries(contributors).find(([, contributor]) => contributor === name)?.[0] as Domain | undefined) ?? 'OPEN';

async function castVotes(stage: Stage, { id, voteStart }: Proposal): Promise<Power[]> {
  const { chain, contracts, transact } = stage;
  const powers: Power[] = [];
  for (const [name, reason] of Object.entries(reasons) as [DevName, string][]) {
    const [contribution, capital] = await chain.readContract({
      ...contracts.power,
      functionName: 'partsOf',
      args: [addressOf(name), voteStart],
    });
    await transact(name, contracts.governor, 'castVoteWithReason', [id, voteFor, reason]);
    say(`  ${name.padEnd(6)} votes for it with ${percent(contribution + capital, whole)} of all power: "${reason}"`);
    powers.push({ name, domain: domainOf(name), contribution, capital });
  }
  const maturity = await chain.readContract({ ...contracts.power, functionName: 'maturity', args: [voteStart] });
  say(`  contribution has grown to ${percent(maturity, whole)} of its full share of power (80 %)`);
  return powers;
}

async function carryOut(
  stage: Stage,
  { id, targets, values, calldatas, descriptionHash, voteEnd, recipient }: Proposal,
): Promise<void> {
  const { chain, contracts, transact, now } = stage;
  const state = (): Promise<number> => chain.readContract({ ...contracts.governor, functionName: 'state', args: [id] });
  await waitUntil('voting to end', Number(voteEnd) + 1, now);
  mustHold(
    (await state()) === succeeded,
    'the proposal has succeeded: a quorum, and a majority of both earned power and capital',
  );

  await transact('bob', contracts.governor, 'queue', [targets, values, calldatas, descriptionHash]);
  mustHold((await state()) === queued, 'it is queued in the timelock');
  const eta = await chain.readContract({ ...contracts.governor, functionName: 'proposalEta', args: [id] });
  await waitUntil('the timelock', Number(eta) + 1, now);

  const balance = (): Promise<bigint> => chain.readContract({ ...contracts.token, functionName: 'balanceOf', args: [recipient] });
  const before = await balance();
  await transact('carol', contracts.governor, 'execute', [targets, values, calldatas, descriptionHash]);
  await waitFor('the execution', 20, async () => ((await state()) === executed ? true : undefined));
  mustHold((await balance()) - before === grant, `it is executed: the treasury paid ${open(grant, 0)} to the developer`);
}
