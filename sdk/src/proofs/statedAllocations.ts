import type { Hex } from 'viem';
import { hashAllocations } from '../evidence/allocationHash.ts';
import type { Allocation } from '../evidence/evidence.ts';
import type { SettledReceipt } from '../settlement/batchFile.ts';
import type { ChannelEntry } from '../settlement/channelEntries.ts';
import { allocationsFromEvidence } from '../verify/allocationsFromEvidence.ts';
import type { Case } from './fraudProof.ts';

/**
 * What a receipt's allocationHash is the hash of: what the batch's file shows, what a payer was shown, or what follows
 * from the evidence. Undefined where it is none of them, since then nobody but the operator can say.
 */
export function statedAllocations(
  item: SettledReceipt,
  byChannel: ReadonlyMap<Hex, ChannelEntry>,
  { batch, facts, stated }: Pick<Case, 'batch' | 'facts' | 'stated'>,
): readonly Allocation[] | undefined {
  const { allocationHash: bound } = item.receipt;
  if (hashAllocations(item.allocations) === bound) return item.allocations;
  const known = stated.get(bound);
  if (known) return known;
  for (const computed of allocationsFromEvidence(item, byChannel, batch.file, batch.header, facts)) {
    if (hashAllocations(computed) === bound) return computed;
  }
  return undefined;
}
