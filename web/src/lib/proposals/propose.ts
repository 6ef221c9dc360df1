import {
  itemsCommitment,
  itemsRoot,
  type JobSpec,
  type ModelProposalSpec,
  modelProposalSpecSchema,
  modelProposalsAbi,
} from '@openledger/sdk';
import { type Hex, parseEventLogs, zeroAddress } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { pricePerToken } from '#lib/studio/draft.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';
import type { ProposalDraft } from './draft.svelte.ts';
import { keepItems } from './secretItems.ts';

export type Version = { datanetId: number; version: number; root: Hex };

const bps = (percent: number): number => Math.round(percent * 100);
const DAY = 86_400;

/** Shares and prices of a draft. */
export function termsOf(draft: ProposalDraft) {
  const { studio, data, developer } = draft;
  return {
    operatorBps: bps(studio.data.operator),
    developerBps: bps(developer),
    backersBps: bps(data.backers),
    contributorsBps: bps(studio.data.contributors),
    promptPrice: pricePerToken(studio.data.promptPrice) ?? 0n,
    completionPrice: pricePerToken(studio.data.completionPrice) ?? 0n,
    retrievalPrice: 0n,
    agentStepPrice: 0n,
  };
}

/** The proposal's document. `deadline` in Unix seconds; `trainingCid` of the pinned training specification. */
export function specOf(
  draft: ProposalDraft,
  versions: readonly Version[],
  deadline: number,
  trainingCid: string,
): ModelProposalSpec {
  const { studio, data } = draft;
  return {
    schema: 'openledger.model-proposal.1',
    name: studio.data.name.trim(),
    description: studio.data.description.trim().slice(0, 280),
    purpose: data.purpose.trim(),
    language: data.language,
    baseModel: studio.data.base as Hex,
    datanets: versions.map(({ datanetId, version }) => ({ datanetId, version })),
    evaluation: {
      description: data.about.trim(),
      metric: data.metric,
      items: draft.parsed.items.length,
      passMarkBps: bps(data.mark),
      maxTokens: data.maxTokens,
    },
    goal: draft.goal ?? 0n,
    deadline,
    capBps: Math.round(data.cap * 10_000),
    terms: termsOf(draft),
    trainingCid,
  };
}

/** Pins the documents, takes the bond and proposes; returns the proposal's number. The items stay in this browser. */
export async function propose(app: App, draft: ProposalDraft, training: JobSpec, versions: readonly Version[]): Promise<number> {
  const items = draft.committed;
  if (!items) throw new Error(m.mp_items_hint());
  const contract = { address: app.address('ModelProposals'), abi: modelProposalsAbi } as const;
  const { bond } = await app.chain.readContract({ ...contract, functionName: 'settings' });
  const { timestamp } = await app.chain.getBlock();
  const deadline = timestamp + BigInt(draft.data.days * DAY);
  const { name, description } = draft.studio.data;
  const { cid: trainingCid } = await app.gateway.uploadDocument(training);
  const spec = modelProposalSpecSchema.encode(specOf(draft, versions, Number(deadline), trainingCid));
  const { cid: specCid } = await app.gateway.uploadDocument(spec);
  const { cid: cardCid } = await app.gateway.uploadDocument({ name: name.trim(), description: description.trim() });
  keepItems(items);
  await ensureAllowance(app, contract.address, bond, m.mp_bond());
  const { logs } = await transact(app, {
    ...contract,
    title: m.mp_propose_title({ name: name.trim() }),
    functionName: 'propose',
    args: [
      {
        name: name.trim(),
        specCid,
        trainingCid,
        cardCid,
        baseModel: training.baseModel,
        datanets: [...versions],
        goal: draft.goal ?? 0n,
        deadline,
        passMarkBps: bps(draft.data.mark),
        itemsCommitment: itemsCommitment(items.salt, itemsRoot(items)),
        capBps: Math.round(draft.data.cap * 10_000),
        terms: { ...termsOf(draft), parentsBps: 0, parents: zeroAddress, backers: zeroAddress },
      },
    ],
  });
  const [created] = parseEventLogs({ abi: modelProposalsAbi, logs, eventName: 'ProposalCreated' });
  if (!created) throw new Error(m.fault_unknown());
  return created.args.proposalId;
}
