import {
  licenceWord,
  lineageAbi,
  modelRegistryAbi,
  type ParentUse,
  parentUses,
  type Rewards,
  rewardPoolAbi,
} from '@openledger/sdk';
import type { Address } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { transact } from '#lib/wallet/transact.ts';
import { payingTerms, type Terms } from './payingTerms.ts';

type Model = { number: number; name: string };

export type Conditions = { licence: string; minimumBps: number; allowed: boolean; sameLicence: boolean };
export type ChosenParent = { modelId: number; derivationVersion: number; shareBps: number; use: ParentUse };

const lineage = (app: App) => ({ address: app.address('Lineage'), abi: lineageAbi }) as const;

/** States on what conditions others may build on a model from now on. */
export async function stateConditions(app: App, { number, name }: Model, conditions: Conditions): Promise<void> {
  await transact(app, {
    ...lineage(app),
    title: m.line_state_title({ name }),
    functionName: 'stateDerivation',
    args: [number, { ...conditions, licence: licenceWord(conditions.licence) }],
  });
}

/** Names the parents of a model for good. Terms that pay them are set apart, by `payParents`. */
export async function nameParents(
  app: App,
  { number, name }: Model,
  licence: string,
  parents: readonly ChosenParent[],
): Promise<void> {
  const rising = [...parents].sort((a, b) => a.modelId - b.modelId);
  await transact(app, {
    ...lineage(app),
    title: m.line_name_title({ name }),
    functionName: 'nameParents',
    args: [number, licenceWord(licence), rising.map(({ use, ...parent }) => ({ ...parent, use: parentUses.indexOf(use) }))],
  });
}

/** Sets terms as they are, but for what the parents are owed. */
export async function payParents(
  app: App,
  { number, name }: Model,
  terms: Terms,
  owed: { account: Address; bps: number },
): Promise<void> {
  await transact(app, {
    address: app.address('ModelRegistry'),
    abi: modelRegistryAbi,
    title: m.line_terms_title({ name }),
    functionName: 'setTerms',
    args: [number, payingTerms(terms, owed)],
  });
}

/** Claims what the reward pool owes the parents' account, where that is known, and passes on what lies there. */
export async function passOn(app: App, { number, name }: Model, claim: Rewards['claim'] | undefined): Promise<void> {
  if (claim) {
    await transact(app, {
      address: app.address('RewardPool'),
      abi: rewardPoolAbi,
      title: m.line_claim_title({ name }),
      functionName: 'claimMany',
      args: [[claim]],
    });
  }
  await transact(app, { ...lineage(app), title: m.line_pay_title({ name }), functionName: 'pay', args: [[number]] });
}
