import { decodeFunctionData } from 'viem';
import { expect, test } from 'vitest';
import { dataRequestsAbi } from '../generated/abis.ts';
import { accuse } from '../proofs/fraudProof.ts';
import { provenFault } from '../proofs/provenFault.ts';
import { testBatch } from '../verify/testBatch.ts';
import { withheldData } from './withheldData.ts';

const requestId = `0x${'3c'.repeat(32)}` as const;
/** Of `BatchFaults.Fault`. */
const withheld = 17;

test('what nobody answered is proven with the batch and the request, under the name the contracts give it', async () => {
  const { header } = await testBatch(2);
  const { contract, data, fault } = withheldData(accuse(header, [header]), requestId);
  expect([contract, fault]).toEqual(['DataRequests', provenFault(withheld)]);
  const { functionName, args } = decodeFunctionData({ abi: dataRequestsAbi, data });
  if (functionName !== 'proveWithheld') throw new Error(`It calls ${functionName}.`);
  const [accused, id] = args;
  expect(id).toBe(requestId);
  for (const { body, rewards, settledAt } of [accused.header, ...accused.earlier]) {
    expect([body.receipts, rewards]).toEqual([header.body.receipts, header.rewards]);
    expect(settledAt).toBe(BigInt(header.settledAt));
  }
  expect(accused.earlier).toHaveLength(1);
});
