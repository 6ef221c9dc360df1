import type { PublicClient } from 'viem';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { datanetRegistryAbi, feePolicyAbi, modelRegistryAbi, operatorRegistryAbi } from '../generated/abis.ts';
import { feePolicyOf } from '../settlement/feePolicy.ts';
import { versionKey } from './checkSources.ts';
import { readFidelities } from './readFidelities.ts';
import type { ReceiptFacts } from './verifyReceipt.ts';

/** Reads from the chain what a receipt's checks are held against. */
export async function readReceiptFacts(
  client: Pick<PublicClient, 'readContract'>,
  deployment: Deployment,
  { receipt, channel, composition, evidence }: Pick<ReceiptBundle, 'receipt' | 'channel' | 'composition' | 'evidence'>,
): Promise<ReceiptFacts> {
  const models = { address: contractAddress(deployment, 'ModelRegistry'), abi: modelRegistryAbi } as const;
  const datanets = { address: contractAddress(deployment, 'DatanetRegistry'), abi: datanetRegistryAbi } as const;
  const versions = new Map(evidence.passages.map((passage) => [versionKey(passage), passage]));
  const [signer, policy, components, roots, fidelities] = await Promise.all([
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
    Promise.all(
      [...versions].map(async ([key, { datanetId, version }]) => {
        const args = [datanetId, version] as const;
        return [key, await client.readContract({ ...datanets, functionName: 'versionRoot', args })] as const;
      }),
    ),
    readFidelities(
      client,
      contractAddress(deployment, 'ReleaseFidelity'),
      composition.map(({ releaseHash }) => releaseHash),
    ),
  ]);
  const [first] = components;
  if (!first) throw new Error('A receipt names at least one release.');
  const several = components.length > 1 ? { components } : {};
  const retrieved = roots.length > 0 ? { versionRoots: new Map(roots) } : {};
  return { signer, policy: feePolicyOf(policy), fidelities, ...first, ...several, ...retrieved };
}
