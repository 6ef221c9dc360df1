import type { Address, Hex } from 'viem';
import type { BatchHeader } from '../settlement/batch.ts';
import { type ChannelEntry, unpackChannelEntries } from '../settlement/channelEntries.ts';
import { channelId } from '../settlement/channelId.ts';
import { readSettled, type SettlementSource, settledEvents } from './settledBatch.ts';

/** Channels refunded in one transaction, about 20,000 gas each. */
const channelsAtOnce = 128;

/** Arguments of Settlement.refund for a range of the channels of a void batch. */
export type Refund = {
  batchIndex: number;
  headerHash: Hex;
  args: readonly [Omit<BatchHeader, 'settledAt'> & { settledAt: bigint }, Hex, bigint, bigint];
};

/**
 * The next refund that an operator's void batches still need, the last batch first, since a channel is undone from its
 * end; undefined when none is void. Throws UnreadableBatch.
 */
export async function nextRefund(source: SettlementSource, operator: Address, fromBlock: bigint): Promise<Refund | undefined> {
  const { client, contracts } = source;
  const state = await client.readContract({ ...contracts.settlement, functionName: 'batches', args: [operator] });
  if (state.voidedFrom === 0) return undefined;
  for (let batchIndex = state.settled; batchIndex >= state.voidedFrom; batchIndex -= 1) {
    const call = { ...contracts.settlement, functionName: 'headerHash', args: [operator, batchIndex] } as const;
    const headerHash = await client.readContract(call);
    const [event] = await settledEvents(source, { fromBlock }, { operator, batchIndex, headerHash });
    if (!event) return undefined; // the node has the state and not the log yet
    const { header, channels } = await readSettled(source, event);
    const entries = unpackChannelEntries(channels);
    const isUndone = await undone(source, operator, entries);
    const from = isUndone.indexOf(false);
    if (from === -1) continue;
    const to = Math.min(from + channelsAtOnce, entries.length);
    const opened = { body: header.body, rewards: header.rewards, settledAt: BigInt(header.settledAt) };
    return { batchIndex, headerHash, args: [opened, channels, BigInt(from), BigInt(to)] };
  }
  return undefined;
}

/** Of each entry whether its channel has gone back to where it was before. */
async function undone(
  { client, contracts }: SettlementSource,
  operator: Address,
  entries: readonly ChannelEntry[],
): Promise<boolean[]> {
  const states = await Promise.all(
    entries.map((entry) =>
      client.readContract({ ...contracts.escrow, functionName: 'channel', args: [channelId({ ...entry, operator })] }),
    ),
  );
  return entries.map(({ previousSequence }, index) => (states[index]?.sequence ?? 0) <= previousSequence);
}
