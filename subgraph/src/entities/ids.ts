import { Address, BigInt, ByteArray, Bytes, ethereum } from '@graphprotocol/graph-ts';

// Every id of the schema is made here. Numbered things (datanets, contributions, grants, models, jobs, fee versions)
// are named by their number in decimal; addresses, hashes and events by their bytes; the rest is joined from these.

/** Id of the one `Protocol` entity. */
export const PROTOCOL_ID = 'openledger';

/** Id of an immutable event entity: transaction hash and log index. */
export function eventId(event: ethereum.Event): Bytes {
  return event.transaction.hash.concatI32(event.logIndex.toI32());
}

/** Id of a numbered thing: its number in decimal. */
export function numberId(number: BigInt): string {
  return number.toString();
}

/** Id of a version or a set of terms: number of its owner and its own, joined by `-`. */
export function versionId(owner: BigInt, version: BigInt): string {
  return owner.toString() + '-' + version.toString();
}

/** A number as 4 bytes, big-endian, so that ids joined from numbers sort as the numbers do. */
export function bytes4(value: i32): Bytes {
  const bytes = new ByteArray(4);
  bytes[0] = <u8>(value >>> 24);
  bytes[1] = <u8>(value >>> 16);
  bytes[2] = <u8>(value >>> 8);
  bytes[3] = <u8>value;
  return Bytes.fromByteArray(bytes);
}

/** Id of something that a number (of a datanet or job) has with an account. */
export function memberId(number: BigInt, account: Address): Bytes {
  return bytes4(number.toI32()).concat(account);
}

/** Id of a checkpoint. */
export function checkpointId(job: BigInt, number: i32): Bytes {
  return bytes4(job.toI32()).concat(bytes4(number));
}

/** Id of something that two accounts have together, in this order. */
export function pairId(first: Address, second: Address): Bytes {
  return first.concat(second);
}

/** Id of an operator's batch. */
export function batchId(operator: Address, batchIndex: BigInt): Bytes {
  return operator.concat(bytes4(batchIndex.toI32()));
}

/** A uint256 as 32 bytes, big-endian. */
export function word(value: BigInt): Bytes {
  const little = Bytes.fromBigInt(value);
  const bytes = new ByteArray(32);
  for (let i = 0; i < little.length && i < 32; i++) bytes[31 - i] = little[i];
  return Bytes.fromByteArray(bytes);
}

/** Id of a proposal: two governors may have proposals with the same number. */
export function proposalId(governor: Address, proposal: BigInt): Bytes {
  return governor.concat(word(proposal));
}

/** Id of a ballot. */
export function voteId(governor: Address, proposal: BigInt, voter: Address): Bytes {
  return proposalId(governor, proposal).concat(voter);
}

/** Id of the `position`-th child of an entity with Bytes id. */
export function childId(parent: Bytes, position: i32): Bytes {
  return parent.concat(bytes4(position));
}

/** Id of the `position`-th child of a file named by its CID. */
export function fileChildId(cid: string, position: i32): string {
  return cid + '-' + position.toString();
}

/** Id of the note that a file was asked for. */
export function fileId(template: string, cid: string): string {
  return template + ':' + cid;
}

/** Id of a round of a jury's case. */
export function roundId(number: BigInt, round: i32): Bytes {
  return bytes4(number.toI32()).concat(bytes4(round));
}

/** Id of a juror's seat in a round. */
export function seatId(number: BigInt, round: i32, juror: Address): Bytes {
  return roundId(number, round).concat(juror);
}

/** Id of a model and one that it is built from. */
export function parentageId(child: BigInt, parent: BigInt): Bytes {
  return bytes4(child.toI32()).concat(bytes4(parent.toI32()));
}
