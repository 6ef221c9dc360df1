import { sumOf } from '#lib/format/amount.ts';
import { type Vesting, vestedAt } from './vesting.ts';

const DAY = 86_400; // seconds

/** Days whose pace is taken for what goes on. */
export const PACE_DAYS = 90;

export type Books = {
  balance: bigint; // wei, with what is promised
  streams: readonly (Vesting & { withdrawn: string })[];
  paid: readonly string[]; // wei, each payment at once since `since`
  fees: readonly string[]; // wei, protocol fees since `since`
  since: number; // Unix seconds
  deployedAt: number; // Unix seconds
  now: number; // Unix seconds
};

/** `days`: how long what is left lasts at this pace; undefined when fees cover what is paid. `pace`: wei a day, net of fees. */
export type Runway = { left: bigint; pace: bigint; days: number | undefined };

/**
 * What is not vested to anybody yet, over the net pace since `since`: payments at once plus what vested in streams, less
 * protocol fees. Gifts and minted OPEN are no income that goes on. A younger treasury is measured over its age, at least a day.
 */
export function runwayOf({ balance, streams, paid, fees, since, deployedAt, now }: Books): Runway {
  let left = balance;
  let flow = sumOf(paid) - sumOf(fees);
  for (const stream of streams) {
    const vested = vestedAt(stream, now);
    left -= vested - BigInt(stream.withdrawn);
    flow += vested - vestedAt(stream, since);
  }
  const window = BigInt(Math.max(DAY, now - Math.max(since, deployedAt)));
  const pace = (flow * BigInt(DAY)) / window;
  const days = flow > 0n ? Number((left * window) / (flow * BigInt(DAY))) : undefined;
  return { left, pace, days };
}
