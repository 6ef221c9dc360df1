import {
  type Address,
  compactSignatureToSignature,
  concatHex,
  type Hex,
  hexToBigInt,
  hexToNumber,
  numberToHex,
  parseCompactSignature,
  parseSignature,
  serializeCompactSignature,
  serializeSignature,
  signatureToCompactSignature,
  size,
  slice,
} from 'viem';
import { channel192, channelId } from './channelId.ts';

/** What a batch collects on one channel, with the voucher that allows it. */
export type ChannelEntry = {
  payer: Address;
  signer: Address;
  collected: bigint;
  previousSequence: number; // of the channel before the batch: what a refund goes back to
  lastSequence: number;
  cumulativeCeiling: bigint;
  maxSequence: number;
  app: Address;
  appMarkupBps: number;
  expiry: number;
  signature: Hex; // 65 bytes; travels compact (EIP-2098)
};

/** Bytes of a packed entry. */
export const channelEntryBytes = 167;
/** Most channels in a batch. */
export const maxChannels = 512;

/** Packs the channels of a batch as `settle` takes them, sorted by channel192. Throws on a repeated channel or too many. */
export function packChannelEntries(operator: Address, entries: readonly ChannelEntry[]): Hex {
  if (entries.length > maxChannels)
    throw new Error(`A batch holds at most ${maxChannels} channels, not ${entries.length}: settle the rest in another.`);
  const keyed = entries.map((entry) => ({ entry, key: channel192(channelId({ ...entry, operator })) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  keyed.forEach(({ entry, key }, index) => {
    if (keyed[index - 1]?.key === key)
      throw new Error(`The channel of payer ${entry.payer} and signer ${entry.signer} is there twice: add its receipts up.`);
  });
  return keyed.length === 0 ? '0x' : concatHex(keyed.map(({ entry }) => packEntry(entry)));
}

function packEntry(entry: ChannelEntry): Hex {
  const compact = serializeCompactSignature(signatureToCompactSignature(parseSignature(entry.signature)));
  return concatHex([
    entry.payer,
    entry.signer,
    numberToHex(entry.collected, { size: 12 }),
    numberToHex(entry.lastSequence, { size: 4 }),
    numberToHex(entry.cumulativeCeiling, { size: 12 }),
    numberToHex(entry.maxSequence, { size: 4 }),
    entry.app,
    numberToHex(entry.appMarkupBps, { size: 2 }),
    numberToHex(entry.expiry, { size: 4 }),
    numberToHex(entry.previousSequence, { size: 5 }), // a zero byte and the sequence
    compact,
  ]).toLowerCase() as Hex;
}

/** Reads packed entries back. Throws unless they are whole. */
export function unpackChannelEntries(packed: Hex): ChannelEntry[] {
  if (size(packed) % channelEntryBytes !== 0)
    throw new Error(`Channel entries have ${channelEntryBytes} bytes each; ${size(packed)} bytes are no whole number of them.`);
  return Array.from({ length: size(packed) / channelEntryBytes }, (_, index) => {
    const at = (from: number, to: number): Hex => slice(packed, index * channelEntryBytes + from, index * channelEntryBytes + to);
    return {
      payer: at(0, 20),
      signer: at(20, 40),
      collected: hexToBigInt(at(40, 52)),
      lastSequence: hexToNumber(at(52, 56)),
      cumulativeCeiling: hexToBigInt(at(56, 68)),
      maxSequence: hexToNumber(at(68, 72)),
      app: at(72, 92),
      appMarkupBps: hexToNumber(at(92, 94)),
      expiry: hexToNumber(at(94, 98)),
      previousSequence: hexToNumber(at(99, 103)),
      signature: serializeSignature(compactSignatureToSignature(parseCompactSignature(at(103, 167)))),
    };
  });
}
