import { BigInt, ByteArray, Bytes, crypto } from '@graphprotocol/graph-ts';
import { BatchReceipt } from '../../generated/schema';
import { word } from './ids';

const RECEIPT =
  'Receipt(bytes32 channel,uint32 sequence,bytes32 compositionHash,uint32 promptTokens,uint32 completionTokens,' +
  'uint32 retrievalTokens,uint32 agentSteps,uint96 fee,uint32 feeVersion,bytes32 promptHash,bytes32 outputHash,' +
  'bytes32 evidenceHash,bytes32 allocationHash,bytes32 traceHash,bytes32 parentReceipt,uint32 timestamp)';

/** EIP-712 struct hash of a receipt (docs/wire.md). */
export function receiptHash(receipt: BatchReceipt): Bytes {
  const encoded = Bytes.fromByteArray(crypto.keccak256(ByteArray.fromUTF8(RECEIPT)))
    .concat(receipt.channelId)
    .concat(word(receipt.sequence))
    .concat(receipt.compositionHash)
    .concat(word(BigInt.fromI32(receipt.promptTokens)))
    .concat(word(BigInt.fromI32(receipt.completionTokens)))
    .concat(word(BigInt.fromI32(receipt.retrievalTokens)))
    .concat(word(BigInt.fromI32(receipt.agentSteps)))
    .concat(word(receipt.fee))
    .concat(word(BigInt.fromI32(receipt.feeVersion)))
    .concat(receipt.promptHash)
    .concat(receipt.outputHash)
    .concat(receipt.evidenceHash)
    .concat(receipt.allocationHash)
    .concat(receipt.traceHash)
    .concat(receipt.parentReceipt)
    .concat(word(receipt.timestamp));
  return Bytes.fromByteArray(crypto.keccak256(encoded));
}
