import { computeFee, type FeePolicyTerms, largestRemainder, type RateCard } from '@openledger/sdk';

export const PARTIES = ['contributors', 'developer', 'operator', 'backers', 'parents'] as const;
export type Party = (typeof PARTIES)[number];
export type Split = Record<`${Party}Bps`, number>;

/** Calls a day, and tokens of each. */
export type Load = { calls: number; promptTokens: number; completionTokens: number };
/** Of a day, in wei. `fees` is all of it: the protocol's part and the parties' shares. */
export type Payout = { fees: bigint; protocol: bigint; shares: Record<Party, bigint> };

const BPS = 10_000n;

/**
 * What a day of calls would pay to whom, by a model's terms and the protocol's fee. Contributors' part goes to them and to
 * their datanets' pools, by what shaped each answer.
 */
export function payoutOf(
  load: Load,
  card: RateCard,
  split: Split,
  { protocolFeeBps }: Pick<FeePolicyTerms, 'protocolFeeBps'>,
): Payout {
  const { promptTokens, completionTokens } = load;
  const { fee } = computeFee([{ card, weightBps: 10_000 }], {
    promptTokens,
    completionTokens,
    retrievalTokens: 0,
    agentSteps: 0,
  });
  const calls = BigInt(load.calls);
  const protocol = (fee * BigInt(protocolFeeBps)) / BPS;
  const claims = PARTIES.map((party) => BigInt(split[`${party}Bps`]));
  const parts = largestRemainder(fee - protocol, claims, (a, b) => a - b);
  const shares = Object.fromEntries(PARTIES.map((party, index) => [party, (parts[index] ?? 0n) * calls]));
  return { fees: fee * calls, protocol: protocol * calls, shares: shares as Record<Party, bigint> };
}

/** A whole number that a person typed, within bounds; undefined if it is none. */
export function parseWhole(text: string, most: number): number | undefined {
  const clean = text.trim().replace(/,/g, '');
  if (!/^\d{1,12}$/.test(clean)) return undefined;
  const value = Number(clean);
  return value <= most ? value : undefined;
}
