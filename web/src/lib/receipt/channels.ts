import { m } from '#lib/paraglide/messages.js';
import type { RecordShare } from './shares.ts';

/** The ways by which a record can come to stand behind an answer, in the order in which they are told. */
export const CHANNELS = ['influence', 'verbatim', 'retrieval'] as const;
export type Channel = (typeof CHANNELS)[number];

export const COLOR_OF: Record<Channel, string> = {
  influence: 'var(--c1)',
  verbatim: 'var(--c5)',
  retrieval: 'var(--c3)',
};

export function nameOfChannel(channel: Channel): string {
  return {
    influence: m.channel_influence(),
    verbatim: m.channel_verbatim(),
    retrieval: m.channel_retrieval(),
  }[channel];
}

type ByChannel = Pick<RecordShare, 'byChannel'>;

/** What came by which channel, before reputation and caps: only channels that brought something. */
export function channelsOf(records: readonly ByChannel[]): { channel: Channel; amount: bigint }[] {
  return CHANNELS.map((channel) => ({
    channel,
    amount: records.reduce((sum, { byChannel }) => sum + byChannel[channel], 0n),
  })).filter(({ amount }) => amount > 0n);
}

/** The same in basis points that sum to 10,000, as a bar wants them; the largest takes what rounding leaves. */
export function channelParts(records: readonly ByChannel[]): { channel: Channel; bps: number }[] {
  const found = channelsOf(records);
  const total = found.reduce((sum, { amount }) => sum + amount, 0n);
  const parts = found.map(({ channel, amount }) => ({ channel, bps: Number((amount * 10_000n) / total) }));
  const left = 10_000 - parts.reduce((sum, { bps }) => sum + bps, 0);
  const [largest] = [...parts].sort((a, b) => b.bps - a.bps);
  return parts.map((part) => (part === largest ? { ...part, bps: part.bps + left } : part));
}
