import { receiptDigestIn } from '@openledger/sdk';
import { signRecoverable } from 'tiny-secp256k1';
import { bytesToHex, domainSeparator, type Hex, hexToBytes, type TypedDataDomain } from 'viem';

export type SignReceipt = (receiptHash: Hex) => Hex;

/**
 * What signs receipts with the operator's key: RFC 6979, so that a receipt has one signature only. Made by libsecp256k1
 * in WebAssembly, which takes a third of the time of JavaScript.
 * @returns a function from a receipt's hash to its signature, r ‖ s ‖ v
 */
export function openReceiptSigner(key: Hex, domain: TypedDataDomain): SignReceipt {
  const secret = hexToBytes(key);
  const separator = domainSeparator({ domain });
  return (receiptHash) => {
    const { signature, recoveryId } = signRecoverable(hexToBytes(receiptDigestIn(separator, receiptHash)), secret);
    return `${bytesToHex(signature)}${recoveryId === 0 ? '1b' : '1c'}`;
  };
}
