import { expect, test } from 'vitest';
import { channelParts, channelsOf } from './channels.ts';

const record = (influence: bigint, verbatim: bigint, retrieval: bigint) => ({
  byChannel: { influence, verbatim, retrieval },
});

test('sums what the records got by each channel and leaves out those that brought nothing', () => {
  expect(channelsOf([record(3n, 0n, 5n), record(4n, 0n, 1n)])).toEqual([
    { channel: 'influence', amount: 7n },
    { channel: 'retrieval', amount: 6n },
  ]);
  expect(channelsOf([])).toEqual([]);
});

test('the parts of a bar sum to the whole, also where a third cannot be written', () => {
  const parts = channelParts([record(1n, 1n, 1n)]);
  expect(parts.map(({ bps }) => bps)).toEqual([3_334, 3_333, 3_333]);
  expect(channelParts([record(0n, 0n, 0n)])).toEqual([]);
  expect(channelParts([record(0n, 10n ** 30n, 0n)])).toEqual([{ channel: 'verbatim', bps: 10_000 }]);
});
