import { type EvaluationItems, evaluationItemsSchema, itemsCommitment, itemsRoot, modelProposalsAbi } from '@openledger/sdk';
import type { Hex } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { saveFile } from '#lib/ui/saveFile.ts';
import { transact } from '#lib/wallet/transact.ts';
import type { ProposalDetail } from './types.ts';

// The items stay with the proposer until there is a release: in this browser, and in the file it was asked to keep.

const slotOf = (commitment: string): string => `openledger.items.${commitment}`;

export const commitmentOf = (items: EvaluationItems): Hex => itemsCommitment(items.salt, itemsRoot(items));

export function keepItems(items: EvaluationItems): void {
  localStorage.setItem(slotOf(commitmentOf(items)), JSON.stringify(items));
}

/** The items that this browser keeps for a commitment. */
export function keptItems(commitment: string): EvaluationItems | undefined {
  const kept = localStorage.getItem(slotOf(commitment));
  return kept === null ? undefined : evaluationItemsSchema.safeParse(JSON.parse(kept)).data;
}

/** Items from the file that was kept. Throws in plain words where they are not those that were committed to. */
export function readItems(text: string, commitment: string): EvaluationItems {
  let items: EvaluationItems | undefined;
  try {
    items = evaluationItemsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    items = undefined;
  }
  if (!items || commitmentOf(items) !== commitment) throw new Error(m.mp_items_other());
  return items;
}

/** Lets the person save the items as a file. */
export function downloadItems(items: EvaluationItems, name: string): void {
  saveFile(`${name.replace(/[^\p{L}\p{N}]+/gu, '-')}-items.json`, JSON.stringify(items, null, 2), 'application/json');
}

/** Publishes the items and opens the commitment to them. */
export async function revealItems(app: App, proposal: ProposalDetail, items: EvaluationItems): Promise<void> {
  const { cid } = await app.gateway.uploadDocument(items);
  await transact(app, {
    title: m.mp_reveal_title({ name: proposal.name }),
    address: app.address('ModelProposals'),
    abi: modelProposalsAbi,
    functionName: 'revealItems',
    args: [proposal.number, items.salt, itemsRoot(items), cid],
  });
}
