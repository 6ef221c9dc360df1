import type { Hex } from 'viem';
import { cached } from '../cached.ts';
import type { Chain } from './open.ts';

/** How long a measured number is believed without asking again, ms: a later one rests on more runs, seldom. */
const ttlMs = 30_000;

/** How well a release's attribution was measured to hold: a correlation in bps with its 95 % interval. */
export type MeasuredFidelity = {
  ldsBps: number;
  lowBps: number;
  highBps: number;
  runs: number;
  attestedAt: number;
  dataHash: Hex;
};

export type Fidelities = ReturnType<typeof createFidelities>;

/** The measured fidelity of releases, remembered briefly. */
export function createFidelities({ client, contracts }: Pick<Chain, 'client' | 'contracts'>) {
  const known = cached(ttlMs, async (releaseHash): Promise<MeasuredFidelity | undefined> => {
    const found = await client.readContract({ ...contracts.fidelity, functionName: 'fidelityOf', args: [releaseHash as Hex] });
    return found.attestedAt === 0n ? undefined : { ...found, attestedAt: Number(found.attestedAt) };
  });
  return {
    /** `undefined`: it was never measured. */
    fidelityOf: (releaseHash: Hex) => known.get(releaseHash),
    forget: (releaseHash: Hex) => known.forget(releaseHash),
  };
}
