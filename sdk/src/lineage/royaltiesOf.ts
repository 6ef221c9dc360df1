import { largestRemainder } from '../allocation/largestRemainder.ts';

/** A model that another one is built from. */
export interface ParentLink {
  modelId: number;
  /** Of the child's net fee, in basis points. */
  shareBps: number;
}

/**
 * What each ancestor's owner gets out of royalties, to the wei, as the parents' accounts divide them (`ParentsAccount.pay`),
 * once all have been called, children before their parents.
 * @param modelId the model whose parents' account got the money
 * @param amount wei
 * @param parentsOf a model's parents, none if it named none
 * @returns wei by model id; they sum to `amount`, unless no parent of the model asks for anything: then it is empty
 */
export async function royaltiesOf(
  modelId: number,
  amount: bigint,
  parentsOf: (modelId: number) => Promise<readonly ParentLink[]>,
): Promise<Map<number, bigint>> {
  const paid = new Map<number, bigint>();
  // Each account divides once all that comes to it is there: the rounding is that of one call.
  const arrived = new Map([[modelId, amount]]);
  const order = await childrenFirst(modelId, parentsOf);
  for (const child of order) {
    const money = arrived.get(child) ?? 0n;
    const parents = await parentsOf(child);
    if (money === 0n || owed(parents) === 0n) continue;
    const parts = largestRemainder(
      money,
      parents.map(({ shareBps }) => BigInt(shareBps)),
      (a, b) => (parents[a]?.modelId ?? 0) - (parents[b]?.modelId ?? 0),
    );
    for (const [index, parent] of parents.entries()) {
      const part = parts[index] ?? 0n;
      const passedOn = (part * owed(await parentsOf(parent.modelId))) / 10_000n;
      add(paid, parent.modelId, part - passedOn);
      add(arrived, parent.modelId, passedOn);
    }
  }
  return paid;
}

const owed = (parents: readonly ParentLink[]): bigint => parents.reduce((sum, { shareBps }) => sum + BigInt(shareBps), 0n);

function add(sums: Map<number, bigint>, key: number, amount: bigint): void {
  if (amount !== 0n) sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** A model and its ancestors, each behind all that are built from it. Lines have no cycles. */
async function childrenFirst(modelId: number, parentsOf: (modelId: number) => Promise<readonly ParentLink[]>): Promise<number[]> {
  const order: number[] = [];
  const seen = new Set<number>();
  const visit = async (id: number): Promise<void> => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const parent of await parentsOf(id)) await visit(parent.modelId);
    order.unshift(id);
  };
  await visit(modelId);
  return order;
}
