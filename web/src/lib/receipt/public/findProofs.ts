import {
  accuse,
  contractAddress,
  type FraudProof,
  feePolicyAbi,
  findProofs,
  modelRegistryAbi,
  openBatch,
  pendingBefore,
  type ReleaseFacts,
  readSettled,
  rewardLeaf,
  settledEvents,
  type Terms,
  treeId,
  treeOf,
} from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';
import type { SettledBatch } from '../types.ts';
import { settlementSource } from './openSettled.ts';
import type { PublicReceipt } from './publicData.ts';

/** An account that holds nothing, for asking what the chain would say. */
const nobody = '0x000000000000000000000000000000000000dEaD';

/**
 * What of a pending batch can be proven wrong to the chain, built here from public files and the chain alone. Only proofs
 * that the chain would take now are returned.
 */
export async function findPublicProofs(
  app: App,
  batch: SettledBatch,
  { file, previousRewards }: PublicReceipt,
): Promise<FraudProof[]> {
  const fromBlock = BigInt(app.config.deployment.startBlock);
  const source = settlementSource(app);
  const { settlement } = source.contracts;
  const operator = batch.operatorAccount.id as Address;
  const of = { operator, batchIndex: batch.batchIndex, headerHash: batch.headerHash as Hex };
  const [event] = await settledEvents(source, { fromBlock }, of);
  if (!event) return [];
  const settled = await readSettled(source, event);
  const { header, channels } = settled;
  const earlier = await pendingBefore(source, fromBlock, settled);
  const [before] = await settledEvents(
    source,
    { fromBlock },
    { operator, batchIndex: batch.batchIndex - 1, headerHash: header.body.previousHash },
  );
  const previous = before && (await readSettled(source, before)).header;
  const rewards = [...(previousRewards ?? [])].map(rewardLeaf).sort((a, b) => (a.key < b.key ? -1 : 1));
  const [policy, firstDay, releases] = await Promise.all([
    app.chain.readContract({
      address: app.address('FeePolicy'),
      abi: feePolicyAbi,
      functionName: 'fee',
      args: [header.body.feeVersion],
    }),
    app.chain.readContract({ ...settlement, functionName: 'firstDay' }),
    readTerms(app, file.receipts),
  ]);
  const proofs = findProofs({
    batch: openBatch(file, header, channels),
    accused: accuse(
      header,
      earlier.map((one) => one.header),
    ),
    previous: previous && {
      header: previous,
      rewardsTree: previousRewards && treeOf(treeId.rewards, rewards, previous.rewards),
    },
    facts: { channels, policy, firstDay, releases, fidelities: new Map(), pools: new Map() },
    signed: [],
    stated: new Map(),
  });
  const taken = await Promise.all(proofs.map((proof) => isTaken(app, proof)));
  return proofs.filter((_, index) => taken[index]);
}

/** The terms that the batch's receipts bind, by release; those of no model are left out. */
async function readTerms(app: App, receipts: PublicReceipt['file']['receipts']): Promise<Map<Hex, ReleaseFacts>> {
  const models = { address: contractAddress(app.config.deployment, 'ModelRegistry'), abi: modelRegistryAbi } as const;
  const releases = new Map<Hex, ReleaseFacts & { terms: Map<number, Terms> }>();
  for (const { releaseHash, termsVersion } of receipts.flatMap(({ composition }) => composition)) {
    const modelId = await app.chain.readContract({ ...models, functionName: 'modelOf', args: [releaseHash] });
    if (modelId === 0) continue;
    const known = releases.get(releaseHash) ?? { nullThreshold: 0, owners: [], terms: new Map<number, Terms>() };
    releases.set(releaseHash, known);
    if (known.terms.has(termsVersion)) continue;
    const terms = await app.chain.readContract({ ...models, functionName: 'terms', args: [modelId, termsVersion] });
    known.terms.set(termsVersion, terms);
  }
  return releases;
}

async function isTaken(app: App, { data }: FraudProof): Promise<boolean> {
  return app.chain.call({ account: app.wallet.address ?? nobody, to: app.address('FraudProofs'), data }).then(
    () => true,
    () => false,
  );
}
