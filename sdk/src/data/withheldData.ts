import { encodeFunctionData, type Hex } from 'viem';
import { dataRequestsAbi } from '../generated/abis.ts';
import type { Accused, FraudProof } from '../proofs/fraudProof.ts';

/** What was asked on chain of a batch and not answered in time. Its reward goes to who asked, whoever files it. */
export function withheldData(accused: Accused, requestId: Hex): FraudProof {
  return {
    contract: 'DataRequests',
    fault: 'withheld data',
    about: 'Data that was asked for on chain was not given in time.',
    data: encodeFunctionData({ abi: dataRequestsAbi, functionName: 'proveWithheld', args: [accused, requestId] }),
  };
}
