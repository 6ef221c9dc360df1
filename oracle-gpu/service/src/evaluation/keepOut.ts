import { recordText, resembling } from '@openledger/sdk';
import type { GatheredRecord } from '../datanets/gather.ts';
import { ServiceError } from '../errors.ts';
import { type HeldItems, recordOf } from './items.ts';

const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim();

/**
 * The records that may be trained on beside these items: none that asks the same, is a near-duplicate of one, or is in a
 * cluster with such a record. Throws where an item's own record is gone, or nothing would be left.
 */
export function keepOut(records: readonly GatheredRecord[], { items: { items }, recordIds }: HeldItems): GatheredRecord[] {
  const present = new Set(records.map(({ recordId }) => recordId));
  if (recordIds?.some((id) => !present.has(id)))
    throw new ServiceError(
      409,
      'item_withdrawn',
      'A record that the evaluation items were drawn from has been withdrawn, or is of other datanets: draw again.',
    );
  const questions = new Set(items.map(({ question }) => plain(question)));
  const drawn = new Set(recordIds);
  const texts = items.map((item) => recordText(recordOf(item)));
  const near = resembling(
    records.map((record) => recordText(record)),
    texts,
  );
  const clusters = new Set(
    records
      .filter(
        ({ recordId, messages }, index) =>
          near[index] ||
          drawn.has(recordId) ||
          messages.some(({ role, content }) => role === 'user' && questions.has(plain(content))),
      )
      .map(({ cluster }) => cluster),
  );
  const left = records.filter(({ cluster }) => !clusters.has(cluster));
  if (left.length === 0)
    throw new ServiceError(400, 'no_records', 'Every record resembles an evaluation item: nothing would be left to train on.');
  return left;
}
