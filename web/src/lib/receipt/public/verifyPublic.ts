import { type BatchHeader, type Check, rewardsTree, settlementAbi, verifyBatch, verifyReceipt } from '@openledger/sdk';
import type { Hex } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import type { SettledBatch } from '../types.ts';
import type { PublicReceipt } from './publicData.ts';

/** Takes back checks whose inputs are not public, whatever they said. */
export function withhold(checks: readonly Check[], names: readonly string[], sentence: string): Check[] {
  return checks.map((check) => (names.includes(check.name) ? { name: check.name, status: 'skipped', sentence } : check));
}

/** Every check of a receipt that needs no more than the batch's file, the release's files and the chain. */
export async function verifyPublicReceipt(app: App, { bundle, facts, computable }: PublicReceipt): Promise<Check[]> {
  const { checks } = await verifyReceipt(bundle, {
    chainId: app.config.chainId,
    settlement: app.address('Settlement'),
    facts,
  });
  const known = withhold(checks, ['trace'], m.check_trace_private());
  if (computable) return known;
  const several = bundle.composition.length === 1 ? [] : ['release', 'index'];
  return withhold(known, [...several, 'fee', 'allocation'], m.check_not_computable());
}

/** Checks the whole batch around a receipt against the header hash that the chain stores. */
export async function verifyPublicBatch(app: App, batch: SettledBatch, data: PublicReceipt): Promise<Check[]> {
  const { call, file, facts, previousRewards } = data;
  if (!call) return [{ name: 'header', status: 'skipped', sentence: m.check_no_header() }];
  const header: BatchHeader = { body: call.body, rewards: call.rewards, settledAt: Number(batch.settledAt) };
  const storedHeaderHash: Hex = await app.chain.readContract({
    address: app.address('Settlement'),
    abi: settlementAbi,
    functionName: 'headerHash',
    args: [call.body.operator, batch.batchIndex],
  });
  // The chain checked the root of the rewards before against the batch before; a file that states others proves nothing.
  const trusted = previousRewards && (batch.batchIndex === 1 || rewardsTree(previousRewards).root === call.previousRewardsRoot);
  const { checks } = await verifyBatch(file, header, {
    chainId: app.config.chainId,
    settlement: app.address('Settlement'),
    signer: facts.signer,
    storedHeaderHash,
    ...(trusted ? { previousRewards } : {}),
  });
  return checks;
}
