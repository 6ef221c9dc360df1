import { BaseError, ContractFunctionRevertedError, decodeErrorResult, type Hex } from 'viem';
import { errorsAbi } from '../generated/abis.ts';

/** A contract's custom error with its arguments, whichever contract raised it. */
export type ContractError = { name: string; args: readonly unknown[] };

/** Decodes revert data against the errors of all contracts; undefined if it is none of theirs. */
export function decodeContractError(data: Hex): ContractError | undefined {
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorsAbi, data });
    return { name: errorName as string, args: (args ?? []) as readonly unknown[] };
  } catch {
    return undefined;
  }
}

/** Finds the custom error in what viem throws when a call or simulation fails. */
export function contractErrorOf(error: unknown): ContractError | undefined {
  const data = revertData(error);
  return data ? decodeContractError(data) : undefined;
}

/** One line about a failed call: the contract's own error with its arguments, else the shortest message there is. */
export function explainError(error: unknown): string {
  const decoded = contractErrorOf(error);
  if (decoded) return `${decoded.name}(${decoded.args.map(String).join(', ')})`;
  if (error instanceof BaseError) return error.shortMessage;
  return error instanceof Error ? error.message : String(error);
}

function revertData(error: unknown): Hex | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError && reverted.raw) return reverted.raw;
  const withData = error.walk((cause) => typeof cause === 'object' && cause !== null && 'data' in cause && isHex(cause.data));
  return withData && 'data' in withData && isHex(withData.data) ? withData.data : undefined;
}

function isHex(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{8,}$/.test(value);
}
