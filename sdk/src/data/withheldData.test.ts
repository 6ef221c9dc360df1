import { decodeFunctionData } from 'viem';
import { expect, test } from 'vitest';
import { dataRequestsAbi } from '../generated/abis.ts';
import { accuse } from '../proofs/fraudProof.ts';
import { provenFault } from '../proofs/provenFault.ts';
import { testBatch } from '../verify/testBatch.ts';
import { withheldData } from './withheldData.ts';

const requestId = `0x${'3c'.repeat(32)}` as const;

test('what nobody answered is proven with the batch and the request, under the name the contracts give it', async () => {
  const { header } = await testBatch(2);
  const accused = accuse(header, [header]);
  const { contract, data, fault } = withheldData(accused, requestId);
  expect(contract).toBe('DataRequests');
  expect(decodeFunctionData({ abi: dataRequestsAbi, data })).toEqual({ functionName: 'proveWithheld', args: [accused, requestId] });
  expect(Array.from({ length: 18 }, (_, index) => provenFault(index)).at(-1)).toBe(fault);
});
