import type { Hex } from 'viem';

/** What somebody looks for: one receipt by channel and number, or a hash that names a receipt or a channel. */
export type Lookup = { kind: 'receipt'; channel: Hex; sequence: number } | { kind: 'hash'; hash: Hex };

const HASH = /^0x[0-9a-f]{64}$/;
/** Sequences are uint32 and begin at 1. */
const LAST_SEQUENCE = 0xffff_ffff;

export function parseChannel(text: string): Hex | undefined {
  const channel = text.trim().toLowerCase();
  return HASH.test(channel) ? (channel as Hex) : undefined;
}

export function parseSequence(text: string): number | undefined {
  if (!/^[0-9]{1,10}$/.test(text.trim())) return undefined;
  const sequence = Number(text.trim());
  return sequence >= 1 && sequence <= LAST_SEQUENCE ? sequence : undefined;
}

/**
 * Reads what a person pasted: `0x… 12`, `0x…/12`, `0x… #12`, the address of a receipt's page, or a hash alone.
 * `undefined` if it is none of these.
 */
export function parseLookup(text: string): Lookup | undefined {
  const path = text.trim().replace(/^.*\/receipts\//i, '');
  const parts = path.split(/[\s/#,:?]+/).filter((part) => part !== '');
  const hash = parseChannel(parts[0] ?? '');
  if (!hash || parts.length > 2) return undefined;
  if (parts.length === 1) return { kind: 'hash', hash };
  const sequence = parseSequence(parts[1] ?? '');
  return sequence === undefined ? undefined : { kind: 'receipt', channel: hash, sequence };
}

/** Page of a receipt. */
export function receiptPath(channel: string, sequence: number | string): string {
  return `/receipts/${channel.toLowerCase()}/${sequence}`;
}
