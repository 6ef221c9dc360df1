import { type Address, encodeFunctionData } from 'viem';
import { fraudProofsAbi } from '../generated/abis.ts';
import { receiptHash } from '../settlement/receipt.ts';
import type { FraudProof, SignedReceipt } from './fraudProof.ts';

/** Two receipts that an operator signed for one channel and sequence; undefined when they are the same, or of others. */
export function equivocation(operator: Address, first: SignedReceipt, second: SignedReceipt): FraudProof | undefined {
  const { channel, sequence } = first.receipt;
  if (second.receipt.channel !== channel || second.receipt.sequence !== sequence) return undefined;
  if (receiptHash(first.receipt) === receiptHash(second.receipt)) return undefined;
  return {
    fault: 'equivocation',
    about: `The operator signed two receipts ${sequence} of channel ${channel}.`,
    data: encodeFunctionData({
      abi: fraudProofsAbi,
      functionName: 'proveEquivocation',
      args: [operator, first.receipt, first.signature, second.receipt, second.signature],
    }),
  };
}
