import { ContractFunctionRevertedError, encodeErrorResult } from 'viem';
import { expect, test } from 'vitest';
import { errorsAbi } from '../generated/abis.ts';
import { contractErrorOf, decodeContractError, explainError } from './explainError.ts';

const abi = [
  {
    type: 'error',
    name: 'ERC20InsufficientBalance',
    inputs: [
      { type: 'address', name: 'sender' },
      { type: 'uint256', name: 'balance' },
      { type: 'uint256', name: 'needed' },
    ],
  },
] as const;
const who = '0x1111111111111111111111111111111111111111';
const data = encodeErrorResult({ abi, errorName: 'ERC20InsufficientBalance', args: [who, 1n, 2n] });

test('names the error of a contract further down, with its arguments', () => {
  const reverted = new ContractFunctionRevertedError({ abi: [], data, functionName: 'deposit' });
  expect(contractErrorOf(reverted)).toEqual({ name: 'ERC20InsufficientBalance', args: [who, 1n, 2n] });
  expect(explainError(reverted)).toBe(`ERC20InsufficientBalance(${who}, 1, 2)`);
});

test('foreign data and other errors are passed on as they are', () => {
  expect(decodeContractError('0x12345678')).toBeUndefined();
  expect(explainError(new Error('no network'))).toBe('no network');
});

test('knows the errors of the contracts', () => {
  expect(errorsAbi.length).toBeGreaterThan(20);
});
