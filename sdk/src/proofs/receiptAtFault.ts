import type { ContractFunctionArgs, Hex } from 'viem';
import type { fraudProofsAbi } from '../generated/abis.ts';

type Sent = { functionName: string; args: readonly unknown[] };
type Args<N extends 'proveContradictedReceipt' | 'proveWrongPrice'> = ContractFunctionArgs<
  typeof fraudProofsAbi,
  'nonpayable',
  N
>;

/** Proofs of a receipt whose fault lies in how its batch settled it: settled as it was signed, it is right. */
const faultsOfTheBatch = ['proveMislabelledReceipt', 'proveUnfaithfulAllocation'];

/**
 * Hash of the settled receipt that a proof shows to be wrong as it was signed: no batch can ever hold it. Undefined where
 * the fault is the batch's, whose receipts may all be right.
 */
export function receiptAtFault({ functionName, args }: Sent): Hex | undefined {
  if (functionName === 'proveContradictedReceipt') return (args as Args<'proveContradictedReceipt'>)[3].data;
  if (faultsOfTheBatch.includes(functionName)) return undefined;
  const opened = args.find(isOpenedReceipt) ?? args.find(isOpenedEvidence)?.receipt;
  return opened?.leaf.data;
}

/** An `OpenedReceipt` of the contracts: whatever is proven of one, unless named above, is wrong in what was signed. */
function isOpenedReceipt(value: unknown): value is Args<'proveWrongPrice'>[1] {
  return typeof value === 'object' && value !== null && 'leaf' in value && 'receipt' in value;
}

/** An `OpenedEvidence`: a receipt with the evidence that it binds, of which something was proven false. */
function isOpenedEvidence(value: unknown): value is { receipt: Args<'proveWrongPrice'>[1] } {
  return typeof value === 'object' && value !== null && 'receipt' in value && isOpenedReceipt(value.receipt);
}
