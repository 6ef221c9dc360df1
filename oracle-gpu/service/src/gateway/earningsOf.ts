import { type AllocationResult, largestRemainder } from '@openledger/sdk';
import type { Address } from 'viem';

export type Earning = { account: Address; role: string; datanetId: number; amount: bigint };

/** An allocation by source: who earns what in which role, from which datanet. Sums to the allocation. */
export function earningsOf(
  parts: AllocationResult['parts'],
  parties: { operator: Address; developer: Address; parents: Address; backers: Address; app: Address },
): Earning[] {
  const single = (['operator', 'developer', 'parents', 'backers', 'app'] as const).map((role) => ({
    account: parties[role].toLowerCase() as Address,
    role,
    datanetId: 0,
    amount: parts[role],
  }));
  const contributors = parts.contributors.flatMap(({ account, amount }) => {
    const byDatanet = new Map<number, bigint>();
    for (const cluster of parts.clusters) {
      if (cluster.contributor === account)
        byDatanet.set(cluster.datanetId, (byDatanet.get(cluster.datanetId) ?? 0n) + cluster.paid);
    }
    const sources = [...byDatanet].filter(([, paid]) => paid > 0n).sort(([a], [b]) => a - b);
    if (sources.length === 0) return [];
    // What the cap took away is taken from all of them alike.
    const shares = largestRemainder(
      amount,
      sources.map(([, paid]) => paid),
      (a, b) => a - b,
    );
    return sources.map(([datanetId], index) => ({ account, role: 'contributor', datanetId, amount: shares[index] ?? 0n }));
  });
  const pools = parts.pools.map(({ pool, datanetId, amount }) => ({
    account: pool.toLowerCase() as Address,
    role: 'pool',
    datanetId,
    amount,
  }));
  return [...single, ...contributors, ...pools].filter(({ amount }) => amount > 0n);
}
