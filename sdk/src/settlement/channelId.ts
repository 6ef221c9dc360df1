import { type Address, encodeAbiParameters, type Hex, hexToBigInt, slice } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** The three parties of a channel; the signer is the payer or a session key. */
export type Channel = { payer: Address; operator: Address; signer: Address };

/** channel = keccak(abi.encode(payer, operator, signer)) */
export function channelId({ payer, operator, signer }: Channel): Hex {
  const address = { type: 'address' } as const;
  return keccak(encodeAbiParameters([address, address, address], [payer, operator, signer]));
}

/** First 24 bytes of the channel id as a number: the high part of a receipt's key. */
export function channel192(channel: Hex): bigint {
  return hexToBigInt(slice(channel, 0, 24));
}

/** Key of a receipt in tree 1: channel192 << 64 | sequence. */
export function receiptKey(channel: Hex, sequence: number): bigint {
  return (channel192(channel) << 64n) | BigInt(sequence);
}
