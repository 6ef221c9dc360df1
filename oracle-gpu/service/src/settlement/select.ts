import type { receipts } from '../db/schema.ts';

export type OpenReceipt = Pick<
  typeof receipts.$inferSelect,
  'hash' | 'channel' | 'sequence' | 'payer' | 'fee' | 'feeVersion' | 'dayIndex' | 'parametersHash' | 'created'
>;

export type SelectionLimits = {
  receipts: number;
  channels: number;
  /** Most that all receipts together may cost, wei: what the free stake covers. */
  value: bigint;
  /** Most that can be collected on a channel now; a channel without entry is left out. */
  channelValue: ReadonlyMap<string, bigint>;
  /** Most that can be collected from a payer now, over all channels. */
  payerValue: ReadonlyMap<string, bigint>;
};

const groupOf = (receipt: OpenReceipt): string => `${receipt.feeVersion}:${receipt.dayIndex}:${receipt.parametersHash}`;

/**
 * Chooses what goes into the next batch: of each channel an unbroken run from its first open receipt, all under one fee
 * version, one day and one set of parameters (those of the oldest first receipt), within the limits.
 * @param open every open receipt, by channel and sequence
 */
export function selectReceipts(open: readonly OpenReceipt[], limits: SelectionLimits): OpenReceipt[] {
  const byChannel = new Map<string, OpenReceipt[]>();
  for (const receipt of open) {
    const run = byChannel.get(receipt.channel);
    if (run) run.push(receipt);
    else byChannel.set(receipt.channel, [receipt]);
  }
  const runs = [...byChannel.values()]
    .filter(([first]) => first && limits.channelValue.has(first.channel))
    .sort(([a], [b]) => (a?.created ?? 0) - (b?.created ?? 0));
  const group = runs[0]?.[0];
  if (!group) return [];

  const chosen: OpenReceipt[] = [];
  const ofPayer = new Map<string, bigint>();
  let value = 0n;
  let channels = 0;
  for (const run of runs) {
    if (channels === limits.channels) break;
    let ofChannel = 0n;
    for (const receipt of run) {
      const payers = (ofPayer.get(receipt.payer) ?? 0n) + receipt.fee;
      const fits =
        groupOf(receipt) === groupOf(group) &&
        chosen.length < limits.receipts &&
        value + receipt.fee <= limits.value &&
        ofChannel + receipt.fee <= (limits.channelValue.get(receipt.channel) ?? 0n) &&
        payers <= (limits.payerValue.get(receipt.payer) ?? 0n);
      if (!fits) break;
      chosen.push(receipt);
      value += receipt.fee;
      ofChannel += receipt.fee;
      ofPayer.set(receipt.payer, payers);
    }
    if (ofChannel > 0n || chosen.some(({ channel }) => channel === run[0]?.channel)) channels += 1;
  }
  return chosen;
}
