/** What was used through one channel, from its receipts. */
export type Usage = { calls: number; tokens: bigint; fees: bigint; lastAt: number };

type Receipt = { channelId: string; timestamp: string; promptTokens: string; completionTokens: string; fee: string };

/** Usage by channel id. */
export function usageByChannel(receipts: readonly Receipt[]): Map<string, Usage> {
  const sums = new Map<string, Usage>();
  for (const { channelId, timestamp, promptTokens, completionTokens, fee } of receipts) {
    const sum = sums.get(channelId) ?? { calls: 0, tokens: 0n, fees: 0n, lastAt: 0 };
    sums.set(channelId, {
      calls: sum.calls + 1,
      tokens: sum.tokens + BigInt(promptTokens) + BigInt(completionTokens),
      fees: sum.fees + BigInt(fee),
      lastAt: Math.max(sum.lastAt, Number(timestamp)),
    });
  }
  return sums;
}

/** Whether a session key can still be used. `now` in Unix seconds. */
export function sessionState(
  { revoked, expiry, cap, collected }: { revoked: boolean; expiry: string; cap: string; collected: string },
  now: number,
): 'live' | 'revoked' | 'expired' | 'spent' {
  if (revoked) return 'revoked';
  if (Number(expiry) <= now) return 'expired';
  return BigInt(collected) >= BigInt(cap) ? 'spent' : 'live';
}
