import { type CalibrationState, releaseFidelityAbi } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';

/** Time given to the operator in relation to its estimate, since answering and trainings come first. */
const SLACK = 8;
const LEAST_SECONDS = 3_600;
/** The contract takes no longer wait. */
const MOST_SECONDS = 29 * 86_400;

/** Puts the operator's price into escrow for measuring a release. */
export async function requestMeasure(app: App, { releaseHash, runs, price, seconds }: CalibrationState): Promise<void> {
  await ensureAllowance(app, app.address('ReleaseFidelity'), price, m.measure_escrow());
  const { timestamp } = await app.chain.getBlock();
  const wait = Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.ceil(seconds * SLACK)));
  await transact(app, {
    title: m.measure_title(),
    address: app.address('ReleaseFidelity'),
    abi: releaseFidelityAbi,
    functionName: 'request',
    args: [releaseHash, runs, price, timestamp + BigInt(wait)],
  });
}
