import type { PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { feePolicyAbi, modelRegistryAbi, operatorRegistryAbi } from '../generated/abis.ts';
import { feePolicyOf } from '../settlement/feePolicy.ts';
import type { ReceiptFacts } from './verifyReceipt.ts';

/** Reads from the chain what a receipt's checks are held against. */
export async function readReceiptFacts(
  client: Pick<PublicClient, 'readContract'>,
  deployment: Deployment,
  { receipt, channel, composition }: Pick<ReceiptBundle, 'receipt' | 'channel' | 'composition'>,
): Promise<ReceiptFacts> {
  const models = { address: contractAddress(deployment, 'ModelRegistry'), abi: modelRegistryAbi } as const;
  const [signer, policy, components] = await Promise.all([
    client.readContract({
      address: contractAddress(deployment, 'OperatorRegistry'),
      abi: operatorRegistryAbi,
      functionName: 'signerOf',
      args: [channel.operator],
    }),
    client.readContract({
      address: contractAddress(deployment, 'FeePolicy'),
      abi: feePolicyAbi,
      functionName: 'fee',
      args: [receipt.feeVersion],
    }),
    Promise.all(
      composition.map(async ({ releaseHash, termsVersion }) => {
        const modelId = await client.readContract({ ...models, functionName: 'modelOf', args: [releaseHash] });
        return { modelId, terms: await client.readContract({ ...models, functionName: 'terms', args: [modelId, termsVersion] }) };
      }),
    ),
  ]);
  const [first] = components;
  if (!first) throw new Error('A receipt names at least one release.');
  const several = components.length > 1 ? { components } : {};
  return { signer, policy: feePolicyOf(policy), ...first, ...several };
}
