import { linkOf, type SettledCall } from '@openledger/sdk/graph';

/** What one model took in. Of an answer by several models each has its part of the fee, by weight. */
export type ModelRevenue = {
  id: string;
  name: string;
  calls: number;
  fees: bigint; // wei
  linkedCalls: number; // of these, paid by somebody who earns by them
  linkedFees: bigint; // wei
  payers: number;
};

/** Calls by model, the one with the most fees first. */
export function byModel(calls: readonly SettledCall[]): ModelRevenue[] {
  const models = new Map<string, ModelRevenue & { seen: Set<string> }>();
  for (const call of calls) {
    const isLinked = linkOf(call) !== undefined;
    for (const { weightBps, release } of call.composition) {
      if (!release) continue;
      const { id, name } = release.model;
      const known = models.get(id) ?? {
        id,
        name,
        ...{ calls: 0, fees: 0n, linkedCalls: 0, linkedFees: 0n, payers: 0 },
        seen: new Set<string>(),
      };
      models.set(id, known);
      const fee = (BigInt(call.fee) * BigInt(weightBps)) / 10_000n;
      known.calls += 1;
      known.fees += fee;
      if (isLinked) {
        known.linkedCalls += 1;
        known.linkedFees += fee;
      }
      if (call.payer) known.seen.add(call.payer.id);
      known.payers = known.seen.size;
    }
  }
  return [...models.values()].map(({ seen: _, ...model }) => model).sort((a, b) => compare(b.fees, a.fees));
}

/** The same without the calls that their payer earns by. */
export function withoutLinked(models: readonly ModelRevenue[]): ModelRevenue[] {
  return models
    .map((model) => ({ ...model, calls: model.calls - model.linkedCalls, fees: model.fees - model.linkedFees }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => compare(b.fees, a.fees));
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
