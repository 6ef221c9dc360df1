import type { Address } from 'viem';
import { quotedRows } from '../evidence/quotedRows.ts';
import type { ReceiptBundle } from '../gateway/receiptBundle.ts';
import { indexTree } from '../release/indexTree.ts';
import { receiptHash } from '../settlement/receipt.ts';
import { treeProof } from '../tree/treeProof.ts';
import { sameAllocations } from '../verify/sameAllocations.ts';
import type { ReceiptFacts } from '../verify/verifyReceipt.ts';
import { allocateBundle } from '../verify/verifyReceipt.ts';
import { type MadeBatch, traceOf } from './honestBatch.ts';

/** The public bundle of a receipt of a made batch, with what the chain says of it. */
export function honestBundle(batch: MadeBatch, position: number): { bundle: ReceiptBundle; facts: ReceiptFacts } {
  const { file, entries, facts, releases } = batch;
  const item = file.receipts[position];
  const entry = entries.find(({ payer, signer }) => payer === item?.payer && signer === item?.signer);
  if (!item || !entry) throw new Error('There is no such receipt.');
  const { receipt, signature, allocations, evidence, composition, payer, signer } = item;
  const parts = composition.map(({ releaseHash, termsVersion }) => {
    const found = releases.find(({ hash }) => hash === releaseHash);
    const terms = found?.facts.terms.get(termsVersion);
    if (!found || !terms) throw new Error('A composition names known releases.');
    return { ...found.facts, terms };
  });
  const [first] = parts;
  if (!first) throw new Error('A composition names a release.');
  const trees = new Map(composition.map(({ releaseHash }, index) => [releaseHash, parts[index]?.index ?? []]));
  const shown = {
    ...{ receipt, receiptHash: receiptHash(receipt), signature, channel: { payer, operator: file.operator, signer } },
    ...{ composition, evidence, allocations, trace: traceOf(receipt.sequence), terms: first.terms, fee: facts.policy },
    ...{ parameters: file.parameters, app: { address: entry.app, markupBps: entry.appMarkupBps }, release: first.release },
    indexProofs: quotedRows(evidence).map(({ releaseHash, recordId, position: place }) => {
      const index = trees.get(releaseHash) ?? [];
      const leaf = index[place];
      if (!leaf) throw new Error('Records stand in the index.');
      return { recordId, leaf, index: place, count: index.length, proof: treeProof(indexTree(index), place) };
    }),
    records: [],
    status: 'signed' as const,
  };
  const owned = parts.map(({ owners }) => owners.map(({ account }) => account));
  for (const dayIndex of [file.dayIndex, file.dayIndex - 1]) {
    for (const developers of castsOf(owned)) {
      const components = parts.map(({ release, uses, terms }, index) => {
        return { release, datanets: [...uses], terms, developer: developers[index] as Address };
      });
      const several = parts.length > 1 ? { components } : {};
      const bundle: ReceiptBundle = { ...shown, dayIndex, developer: developers[0] as Address, ...several };
      if (!sameAllocations(allocateBundle(bundle).allocations, allocations)) continue;
      const known = parts.map(({ terms }, index) => ({ terms, modelId: index + 1 }));
      const chain = {
        signer: batch.context.signer,
        policy: facts.policy,
        modelId: 1,
        terms: first.terms,
        fidelities: facts.fidelities,
      };
      return { bundle, facts: parts.length > 1 ? { ...chain, components: known } : chain };
    }
  }
  throw new Error('No owners and day give this allocation.');
}

function castsOf(lists: readonly (readonly Address[])[]): Address[][] {
  return lists.reduce<Address[][]>((casts, list) => casts.flatMap((cast) => list.map((one) => [...cast, one])), [[]]);
}
