import { OpenLedgerError, UnreachableError } from '@openledger/sdk';
import {
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  encodeErrorResult,
  parseAbi,
  UserRejectedRequestError,
} from 'viem';
import { expect, test } from 'vitest';
import { explain, wordsOf } from './explain.ts';

const abi = parseAbi(['error Some_ThingTooSmall(uint256 sent)', 'function act()']);

function reverted(): ContractFunctionExecutionError {
  const data = encodeErrorResult({ abi, errorName: 'Some_ThingTooSmall', args: [1n] });
  return new ContractFunctionExecutionError(new ContractFunctionRevertedError({ abi, data, functionName: 'act' }), {
    abi,
    functionName: 'act',
  });
}

test('a contract’s own error is read out of the revert', () => {
  expect(explain(reverted())).toContain('Some: thing too small');
});

test('an error name becomes words', () => {
  expect(wordsOf('Datanet_BondTooSmall')).toBe('Datanet: bond too small');
});

test('declining in the wallet is not called a failure of the chain', () => {
  expect(explain(new UserRejectedRequestError(new Error('no')))).toMatch(/declined/i);
});

test('the gateway’s sentence is kept where the app has none', () => {
  expect(explain(new OpenLedgerError('Use a kettle.', 'teapot', 418))).toBe('Use a kettle.');
});

test('a gateway code has a sentence in the reader’s language', () => {
  expect(explain(new OpenLedgerError('x', 'insufficient_escrow', 402))).not.toBe('x');
});

test('a dead network says so', () => {
  expect(explain(new UnreachableError('http://x', 'refused'))).toMatch(/connection/i);
});
