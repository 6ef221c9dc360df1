import type { RoundSeat } from '@openledger/sdk';
import { zeroAddress } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';

/** What the connected account's judgement of a round is bound to; undefined without an account. */
export function seatOf(app: App, roundId: number): RoundSeat | undefined {
  const judge = app.wallet.address;
  return judge && { chainId: app.config.chainId, rounds: app.address('EvaluationRounds'), roundId, judge };
}

/** Where choices are kept that somebody makes before connecting an account. */
export const nobodysSeat = (app: App, roundId: number): RoundSeat => ({
  chainId: app.config.chainId,
  rounds: app.address('EvaluationRounds'),
  roundId,
  judge: zeroAddress,
});
