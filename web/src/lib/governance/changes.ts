import { agentRegistryAbi, feePolicyAbi, juryAbi, treasuryAbi, votingPowerAbi } from '@openledger/sdk';
import { type Address, decodeFunctionResult, encodeFunctionData, erc20Abi, type Hex } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';
import { categoryId } from '#lib/treasury/categories.ts';
import type { Call, Effect } from './effects.ts';
import { feeFields, type ParameterName } from './parameters.ts';

type What =
  | { parameter: ParameterName }
  | { balanceOf: Address }
  | { stakeOf: number }
  | { treasury: 'free' }
  | { budgetOf: string };

/** A value before and after a proposal. OPEN in wei, basis points, or units of vote weight. */
export type Change = { what: What; unit: 'open' | 'bps' | 'weight'; before: bigint; after: bigint };

/** `failure`: why it could not be executed now. `simulated`: whether `after` is the node's word, or what the calls say. */
export type Changes = { changes: Change[]; simulated: boolean; failure?: string };

/** A call that reads one or more values. */
type Read = { to: Address; data: Hex; values: (result: Hex) => bigint[] };
type Watched = {
  rows: { what: What; unit: Change['unit'] }[];
  before: Read;
  after: Read;
  expected: (before: bigint[]) => bigint[];
};

/**
 * What the values that a proposal touches are now, and would be if its timelock executed it now: by `eth_simulateV1` where the
 * node has it, else as the calls themselves say.
 */
export async function readChanges(
  app: Pick<App, 'chain' | 'address'>,
  timelock: Address,
  calls: readonly Call[],
  effects: readonly Effect[],
): Promise<Changes> {
  const watched = await watchedBy(app, timelock, effects);
  const before = await Promise.all(
    watched.map(async ({ before: { to, data, values } }) => values((await app.chain.call({ to, data })).data ?? '0x')),
  );
  const rows = (after: bigint[][]): Change[] =>
    watched.flatMap(({ rows: own }, i) =>
      own.map((row, j) => ({ ...row, before: before[i]?.[j] ?? 0n, after: after[i]?.[j] ?? 0n })),
    );
  const expected = () => rows(watched.map(({ expected: say }, i) => say(before[i] ?? [])));
  const answers = await simulate(app, timelock, calls, watched).catch(() => undefined);
  if (!answers) return { changes: expected(), simulated: false };
  const failed = answers.slice(0, calls.length).find(({ status }) => status === 'failure');
  if (failed) return { changes: expected(), simulated: false, failure: failed.error?.message ?? '' };
  const after = watched.map(({ after: { values } }, i) => values(answers[calls.length + i]?.data ?? '0x'));
  return { changes: rows(after), simulated: true };
}

/** Answers to the calls, made by the timelock, and then to the reads, in one block that is never mined. */
async function simulate({ chain }: Pick<App, 'chain'>, timelock: Address, calls: readonly Call[], watched: readonly Watched[]) {
  const [block] = await chain.simulateBlocks({
    blocks: [
      {
        calls: [
          ...calls.map(({ target, data, value }) => ({ account: timelock, to: target, data, value })),
          ...watched.map(({ after: { to, data } }) => ({ account: timelock, to, data })),
        ],
      },
    ],
  });
  return block?.calls;
}

async function watchedBy({ chain, address }: Pick<App, 'chain' | 'address'>, timelock: Address, effects: readonly Effect[]) {
  const watched: Watched[] = [];
  const token = address('OpenToken');
  /** The sums of all that leaves or reaches an account. */
  const moved = new Map<Address, bigint>();
  const move = (account: Address, amount: bigint) => moved.set(account, (moved.get(account) ?? 0n) + amount);
  watched.push(...(await treasuryRows({ chain, address }, effects)));
  for (const effect of effects) {
    if (effect.kind === 'spend') {
      move(address('Treasury'), -effect.amount);
      move(effect.to, effect.amount);
    }
    if (effect.kind === 'back') move(timelock, -effect.amount);
    if (effect.kind === 'slash') {
      // what unbonds can be taken too
      const read: Read = {
        to: address('AgentRegistry'),
        data: encodeFunctionData({ abi: agentRegistryAbi, functionName: 'agent', args: [effect.agent] }),
        values: (data) => {
          const { stake, unbonding } = decodeFunctionResult({ abi: agentRegistryAbi, functionName: 'agent', data });
          return [stake + unbonding];
        },
      };
      const left = (before: bigint) => (before > effect.amount ? before - effect.amount : 0n);
      watched.push(one({ stakeOf: effect.agent }, 'open', read, left));
    }
    if (effect.kind === 'floor') {
      const read = single(address('VotingPower'), votingPowerAbi, 'floor');
      watched.push(one({ parameter: 'votesFloor' }, 'weight', read, () => effect.floor));
    }
    if (effect.kind === 'sampleRate') {
      const read = single(address('Jury'), juryAbi, 'sampleRateBps');
      watched.push(one({ parameter: 'sampleRateBps' }, 'bps', read, () => BigInt(effect.bps)));
    }
    if (effect.kind === 'fees') {
      const to = address('FeePolicy');
      const version = await chain.readContract({ address: to, abi: feePolicyAbi, functionName: 'latestVersion' });
      const read = (at: number): Read => ({
        to,
        data: encodeFunctionData({ abi: feePolicyAbi, functionName: 'fee', args: [at] }),
        values: (data) => {
          const fee = decodeFunctionResult({ abi: feePolicyAbi, functionName: 'fee', data });
          return feeFields.map((name) => BigInt(fee[name]));
        },
      });
      watched.push({
        rows: feeFields.map((parameter) => ({ what: { parameter }, unit: 'bps' })),
        before: read(version),
        after: read(version + 1),
        expected: () => feeFields.map((name) => BigInt(effect.split[name])),
      });
    }
  }
  for (const [account, amount] of moved) {
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'balanceOf', args: [account] });
    const read: Read = { to: token, data, values: (result) => [BigInt(result)] };
    watched.push(one({ balanceOf: account }, 'open', read, (before) => before + amount));
  }
  return watched;
}

/** What is free in the treasury, where streams begin or end, and each budget that is set. */
async function treasuryRows({ chain, address }: Pick<App, 'chain' | 'address'>, effects: readonly Effect[]): Promise<Watched[]> {
  const treasury = { address: address('Treasury'), abi: treasuryAbi } as const;
  const watched: Watched[] = [];
  let freed = 0n;
  for (const effect of effects) {
    if (effect.kind === 'spend' || effect.kind === 'stream') freed -= effect.amount;
    if (effect.kind === 'endStream') {
      const args = [effect.stream] as const;
      const [stream, vested] = await Promise.all([
        chain.readContract({ ...treasury, functionName: 'streamOf', args }),
        chain.readContract({ ...treasury, functionName: 'vestedOf', args }),
      ]);
      freed += stream.total - vested;
    }
    if (effect.kind === 'budget') {
      const read: Read = {
        to: treasury.address,
        data: encodeFunctionData({ abi: treasuryAbi, functionName: 'budgetOf', args: [categoryId(effect.category)] }),
        values: (data) => [decodeFunctionResult({ abi: treasuryAbi, functionName: 'budgetOf', data }).cap],
      };
      watched.push(one({ budgetOf: effect.category }, 'open', read, () => effect.cap));
    }
  }
  if (!effects.some(({ kind }) => kind === 'stream' || kind === 'endStream')) return watched;
  const read: Read = {
    to: treasury.address,
    data: encodeFunctionData({ abi: treasuryAbi, functionName: 'free' }),
    values: (data) => [BigInt(data)],
  };
  return [...watched, one({ treasury: 'free' }, 'open', read, (before) => before + freed)];
}

function single(to: Address, abi: typeof votingPowerAbi | typeof juryAbi, functionName: 'floor' | 'sampleRateBps'): Read {
  return {
    to,
    data: encodeFunctionData({ abi, functionName } as Parameters<typeof encodeFunctionData>[0]),
    values: (data) => [BigInt(data)],
  };
}

function one(what: What, unit: Change['unit'], read: Read, expected: (before: bigint) => bigint): Watched {
  return { rows: [{ what, unit }], before: read, after: read, expected: ([before = 0n]) => [expected(before)] };
}
