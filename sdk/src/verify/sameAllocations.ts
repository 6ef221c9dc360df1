import type { Allocation } from '../evidence/evidence.ts';
import { sameAddress } from './checks.ts';

/** Whether two allocations pay the same accounts the same amounts and weights, in the same order. */
export function sameAllocations(a: readonly Allocation[], b: readonly Allocation[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => {
      const other = b[index];
      return (
        other !== undefined &&
        sameAddress(one.account, other.account) &&
        one.amount === other.amount &&
        one.weight === other.weight
      );
    })
  );
}
