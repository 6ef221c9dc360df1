import { ByteArray, Bytes, crypto } from '@graphprotocol/graph-ts';
import { word } from '../entities/ids';
import { amountOf, bytesOf, JsonObject } from './json';

/** Fields of a receipt in the order of docs/wire.md: type and name. */
const FIELDS: string[] = [
  'bytes32 channel',
  'uint32 sequence',
  'bytes32 compositionHash',
  'uint32 promptTokens',
  'uint32 completionTokens',
  'uint32 retrievalTokens',
  'uint32 agentSteps',
  'uint96 fee',
  'uint32 feeVersion',
  'bytes32 promptHash',
  'bytes32 outputHash',
  'bytes32 evidenceHash',
  'bytes32 allocationHash',
  'bytes32 traceHash',
  'bytes32 parentReceipt',
  'uint32 timestamp',
];

/** EIP-712 struct hash of a receipt as a batch file writes it. */
export function receiptHash(receipt: JsonObject | null): Bytes {
  let encoded = Bytes.fromByteArray(crypto.keccak256(ByteArray.fromUTF8('Receipt(' + FIELDS.join(',') + ')')));
  for (let i = 0; i < FIELDS.length; i++) {
    const field = FIELDS[i].split(' ');
    const value = field[0] == 'bytes32' ? bytesOf(receipt, field[1], 32) : word(amountOf(receipt, field[1]));
    encoded = encoded.concat(value);
  }
  return Bytes.fromByteArray(crypto.keccak256(encoded));
}
