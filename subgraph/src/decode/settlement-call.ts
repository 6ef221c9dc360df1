import { Address, BigInt, ByteArray, Bytes, crypto, ethereum } from '@graphprotocol/graph-ts';
import { word } from '../entities/ids';

// The channels of a batch are in the call, not in an event: an event for each would cost more than the rest of a
// batch. They are read from the transaction when it calls the settlement itself.

/** Arguments of `settle`: body, rewards, previous batch, channels, data commitment. The tests compare it with the ABI. */
const ARGUMENTS =
  '((address,uint32,bytes32,(bytes32,uint32,uint96,uint96),(bytes32,uint32,uint96,uint96),uint96,uint32,uint32,bytes32,bytes32,bytes32),(bytes32,uint32,uint96,uint96),(bytes32,(bytes32,uint32,uint96,uint96),uint64),bytes,bytes)';
/** Place of `channels` among the arguments. */
const CHANNELS = 3;

/** Bytes of a packed channel entry (docs/wire.md). */
export const ENTRY_BYTES: i32 = 167;

/** One packed channel entry. */
export class ChannelEntry {
  payer: Address;
  signer: Address;
  collected: BigInt;
  lastSequence: BigInt;
  cumulativeCeiling: BigInt;
  maxSequence: BigInt;
  app: Address;
  appMarkupBps: i32;
  expiry: BigInt;

  constructor(packed: Bytes, start: i32) {
    this.payer = addressAt(packed, start);
    this.signer = addressAt(packed, start + 20);
    this.collected = integerAt(packed, start + 40, 12);
    this.lastSequence = integerAt(packed, start + 52, 4);
    this.cumulativeCeiling = integerAt(packed, start + 56, 12);
    this.maxSequence = integerAt(packed, start + 68, 4);
    this.app = addressAt(packed, start + 72);
    this.appMarkupBps = integerAt(packed, start + 92, 2).toI32();
    this.expiry = integerAt(packed, start + 94, 4);
  }
}

function slice(packed: Bytes, start: i32, length: i32): Bytes {
  return Bytes.fromUint8Array(packed.slice(start, start + length));
}

function addressAt(packed: Bytes, start: i32): Address {
  return Address.fromBytes(slice(packed, start, 20));
}

function integerAt(packed: Bytes, start: i32, length: i32): BigInt {
  return BigInt.fromUnsignedBytes(changetype<ByteArray>(slice(packed, start, length).reverse()));
}

/** Packed channels of a transaction that calls `settle` on `settlement`; null if it does not. */
export function channelsOf(transaction: ethereum.Transaction, settlement: Address): Bytes | null {
  const to = transaction.to;
  const input = transaction.input;
  if (to === null || input.length < 4) return null;
  if (changetype<Address>(to) != settlement) return null;
  const selector = crypto.keccak256(ByteArray.fromUTF8('settle' + ARGUMENTS));
  for (let i = 0; i < 4; i++) if (input[i] != selector[i]) return null;
  // A tuple of dynamic size is preceded by its offset, which a call leaves out.
  const encoded = word(BigInt.fromI32(32)).concat(slice(input, 4, input.length - 4));
  const decoded = ethereum.decode(ARGUMENTS, encoded);
  if (decoded === null) return null;
  const packed = decoded.toTuple()[CHANNELS].toBytes();
  if (packed.length % ENTRY_BYTES != 0) return null;
  return packed;
}

/** keccak256(abi.encode(payer, operator, signer)). */
export function channelId(payer: Address, operator: Address, signer: Address): Bytes {
  const padding = new Bytes(12);
  const encoded = padding.concat(payer).concat(padding).concat(operator).concat(padding).concat(signer);
  return Bytes.fromByteArray(crypto.keccak256(encoded));
}
