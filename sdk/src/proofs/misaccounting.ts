import { type Address, encodeFunctionData, numberToHex } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { zeroHash } from '../tree/nodes.ts';
import type { SumTree } from '../tree/sumTree.ts';
import { type Case, type FraudProof, keysOf, openRewards } from './fraudProof.ts';
import { noBoundary, openBoundary } from './opening.ts';

type Sum = { amount: bigint; weight: bigint };

/** An account whose rewards grew by something else than its allocations, in amount or weight; also one that vanished. */
export function misaccounting({ batch, accused, previous }: Case): FraudProof | undefined {
  const { allocationsTree: allocated, rewardsTree: rewards, header } = batch;
  const isFirst = header.body.previousHash === zeroHash;
  const before = previous?.rewardsTree;
  if (!allocated || !rewards || (!isFirst && !before)) return undefined;
  const sums = { before: before ? sumByAccount(before) : new Map<Address, Sum>(), added: sumByAccount(allocated) };
  const now = sumByAccount(rewards);
  for (const account of new Set([...sums.before.keys(), ...sums.added.keys(), ...now.keys()])) {
    const expected = add(sums.before.get(account), sums.added.get(account));
    const stated = add(now.get(account), undefined);
    if (expected.amount === stated.amount && expected.weight === stated.weight) continue;
    const { first, end } = keysOf(account);
    const boundaries = {
      before: before ? openBoundary(before, first) : noBoundary,
      current: openBoundary(rewards, first),
      first: openBoundary(allocated, first),
      end: openBoundary(allocated, end),
    };
    // Where a tree is out of order around the account, that is the fault to prove.
    if (!boundaries.before || !boundaries.current || !boundaries.first || !boundaries.end) continue;
    const { before: opened, current, first: start, end: stop } = boundaries;
    const openings = { previous: openRewards(previous?.header), before: opened, current, first: start, end: stop };
    return {
      fault: 'misaccounting',
      about: `Rewards of ${account} are ${stated.amount} wei, its allocations make them ${expected.amount}${
        stated.amount === expected.amount ? `; their weight is ${stated.weight} instead of ${expected.weight}` : ''
      }.`,
      data: encodeFunctionData({
        abi: fraudProofsAbi,
        functionName: 'proveMisaccounting',
        args: [accused, { account, ...openings }],
      }),
    };
  }
  return undefined;
}

/** What leaves add up to by account, which is the high part of their key. */
function sumByAccount({ leaves }: SumTree): Map<Address, Sum> {
  const sums = new Map<Address, Sum>();
  for (const { key, amount, weight } of leaves.slice(1, -1)) {
    const account = numberToHex(key >> 96n, { size: 20 });
    sums.set(account, add(sums.get(account), { amount, weight }));
  }
  return sums;
}

function add(a: Sum | undefined, b: Sum | undefined): Sum {
  return { amount: (a?.amount ?? 0n) + (b?.amount ?? 0n), weight: (a?.weight ?? 0n) + (b?.weight ?? 0n) };
}
