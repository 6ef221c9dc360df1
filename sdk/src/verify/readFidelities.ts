import type { Address, Hex, PublicClient } from 'viem';
import { releaseFidelityAbi } from '../generated/abis.ts';
import type { AttestedFidelity, FidelityFacts } from './checkFidelity.ts';

/**
 * Reads what is attested now of how well each release's attribution holds.
 * @param address of ReleaseFidelity
 */
export async function readFidelities(
  client: Pick<PublicClient, 'readContract'>,
  address: Address,
  releases: readonly Hex[],
): Promise<FidelityFacts> {
  const found = new Map<Hex, AttestedFidelity>();
  await Promise.all(
    [...new Set(releases)].map(async (hash) => {
      const call = { address, abi: releaseFidelityAbi, functionName: 'fidelityOf', args: [hash] } as const;
      const { lowBps, attestedAt } = await client.readContract(call);
      if (attestedAt > 0n) found.set(hash, { lowBps, attestedAt: Number(attestedAt) });
    }),
  );
  return found;
}
