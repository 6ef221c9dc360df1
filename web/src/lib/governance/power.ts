/** The sums of the index that power is computed from: units of vote weight, and wei. */
export type Totals = {
  votesMinted: string | number;
  votesDelegated: string | number;
  votesFloor: string | number | null;
  openDelegated: string | number;
};

export const wholePower = 10n ** 18n;
const contributionShare = 8n * 10n ** 17n;

/** Power of 1e18 that delegated votes give now, in its two parts, as VotingPower computes it. */
export function partsOf(totals: Totals, votes: bigint, open: bigint): { contribution: bigint; capital: bigint } {
  const minted = BigInt(totals.votesMinted);
  const floor = BigInt(totals.votesFloor ?? 0);
  const matured = minted >= floor ? wholePower : (minted * wholePower) / floor;
  const ofContribution = (contributionShare * matured) / wholePower;
  return {
    contribution: part(ofContribution, votes, BigInt(totals.votesDelegated)),
    capital: part(wholePower - ofContribution, open, BigInt(totals.openDelegated)),
  };
}

function part(share: bigint, votes: bigint, delegated: bigint): bigint {
  return delegated === 0n ? 0n : (share * votes) / delegated;
}

/** Votes earned by the calls of one model within a month of UTC (`2026-11`). */
export type Source = {
  model: string | undefined;
  modelId: string | undefined;
  month: string;
  weight: bigint;
  amount: bigint;
};

type Earning = {
  weight: string | number;
  amount: string | number;
  release: { model: { id: string; name: string } } | null;
  batch: { settledAt: string | number };
};

/** What somebody earned by calls, added up by model and month, the most weight first. */
export function sourcesOf(earnings: readonly Earning[]): Source[] {
  const sums = new Map<string, Source>();
  for (const { weight, amount, release, batch } of earnings) {
    const month = new Date(Number(batch.settledAt) * 1000).toISOString().slice(0, 7);
    const key = `${release?.model.id ?? ''} ${month}`;
    const sum = sums.get(key) ?? {
      model: release?.model.name,
      modelId: release?.model.id,
      month,
      weight: 0n,
      amount: 0n,
    };
    sums.set(key, { ...sum, weight: sum.weight + BigInt(weight), amount: sum.amount + BigInt(amount) });
  }
  return [...sums.values()].sort((a, b) => (a.weight === b.weight ? 0 : a.weight > b.weight ? -1 : 1));
}
