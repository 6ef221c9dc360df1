import { mustHold, open, say } from '../show.ts';
import type { Stage } from '../stage.ts';
import type { TrainResult } from './2-train.ts';

const day = 24 * 3_600;

/**
 * Step 7: somebody pays for measuring how well the release's weights hold. The operator trains on halves of the records
 * for this, at the lowest priority, while the stack stands; nobody waits for it here.
 */
export async function requestMeasure(stage: Stage, { jobId, releaseHash }: TrainResult): Promise<void> {
  const { chain, contracts, gateway, transact, now } = stage;
  const { runs, seconds, price } = await gateway.calibration(jobId);
  say(
    `the operator offers ${runs} runs on halves of the records for ${open(price, 2)}, about ${Math.ceil(seconds / 60)} min of work`,
  );
  await transact('proposer', contracts.token, 'approve', [contracts.fidelity.address, price]);
  await transact('proposer', contracts.fidelity, 'request', [releaseHash, runs, price, BigInt((await now()) + day)]);
  const request = await chain.readContract({ ...contracts.fidelity, functionName: 'requestOf', args: [releaseHash] });
  mustHold(
    request.runs === runs && request.price === price,
    'proposer puts that into escrow; the number appears on the model’s page when it is known, and raises what influence pays',
  );
}
