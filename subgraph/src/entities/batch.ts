import { Address, BigInt } from '@graphprotocol/graph-ts';
import { Batch } from '../../generated/schema';
import { batchId } from './ids';

/** The operator's batch of that number; after a void, the one that was settled under it last. */
export function loadBatch(operator: Address, batchIndex: BigInt): Batch | null {
  let batch = Batch.load(batchId(operator, batchIndex));
  while (batch !== null && batch.replacedBy !== null) batch = Batch.load(batch.replacedBy!);
  return batch;
}
