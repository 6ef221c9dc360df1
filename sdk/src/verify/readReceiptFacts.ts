import type { PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { feePolicyAbi, modelRegistryAbi, operatorRegistryAbi } from '../generated/abis.ts';
import type { ReceiptFacts } from './verifyReceipt.ts';

/** Reads from the chain what a receipt's checks are held against. */
export async function readReceiptFacts(
  client: Pick<PublicClient, 'readContract'>,
  deployment: Deployment,
  { receipt, channel, composition }: Pick<ReceiptBundle, 'receipt' | 'channel' | 'composition'>,
): Promise<ReceiptFacts> {
  const [component] = composition;
  if (!component) throw new Error('A receipt names at least one release.');
  const models = { address: contractAddress(deployment, 'ModelRegistry'), abi: modelRegistryAbi } as const;
  const [signer, policy, modelId] = await Promise.all([
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
    client.readContract({ ...models, functionName: 'modelOf', args: [component.releaseHash] }),
  ]);
  const terms = await client.readContract({ ...models, functionName: 'terms', args: [modelId, component.termsVersion] });
  const { protocolFeeBps, burnBps, contributorCapBps } = policy;
  return { signer, policy: { protocolFeeBps, burnBps, contributorCapBps }, modelId, terms };
}
