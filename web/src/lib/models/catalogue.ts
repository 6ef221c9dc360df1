import { readFragment } from '@openledger/sdk/graph';
import { termsFields } from '#lib/graph/queries/models.ts';
import { priceNow } from '#lib/market/stars.ts';
import type { ListedModel } from './types.ts';
import { totalUsage } from './usage.ts';

/** By what a list of models is ordered; the first is the default. */
export const ORDERS = ['newest', 'calls', 'fees', 'price', 'fidelity', 'rating', 'judged', 'name'] as const;
export type Order = (typeof ORDERS)[number];

export type Wanted = {
  /** Words that must all stand in the model's name, description or datanets. */
  search: string;
  base: string; // id of the base model
  licence: string; // of one of its datanets
  measured: boolean; // whether it must have a fidelity
  forSale: boolean; // whether its owner must offer it, at the time `now`
  now: number; // Unix seconds
};

/** Wei per completion token; null before the terms are there. */
export const priceOf = (model: ListedModel): bigint | null =>
  model.terms ? BigInt(readFragment(termsFields, model.terms).completionPrice) : null;

const datanetsOf = (model: ListedModel) =>
  model.latestRelease?.manifest?.datanets.flatMap(({ datanet }) => (datanet ? [datanet] : [])) ?? [];

/** Licences of the datanets that a model was trained on, each once. */
export const licencesOf = (model: ListedModel): string[] => [...new Set(datanetsOf(model).map(({ licence }) => licence))];

/** Models that are as somebody wants them. */
export function matching(
  models: readonly ListedModel[],
  { search, base, licence, measured, forSale, now }: Wanted,
): ListedModel[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    const texts = [model.name, model.card?.description ?? '', ...datanetsOf(model).map(({ name }) => name)];
    const text = texts.join('\n').toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (base === '' || model.latestRelease?.baseModel === base) &&
      (licence === '' || licencesOf(model).includes(licence)) &&
      (!measured || (model.latestRelease?.fidelities.length ?? 0) > 0) &&
      (!forSale || priceNow(model, now) !== undefined)
    );
  });
}

/** The same models, the best by that order first; what has no value comes last, then the newest first. */
export function ordered(models: readonly ListedModel[], order: Order): ListedModel[] {
  const value: Record<Order, (model: ListedModel) => bigint | null> = {
    newest: ({ createdAt }) => BigInt(createdAt),
    calls: ({ latestRelease }) => BigInt(totalUsage(latestRelease?.usage ?? []).calls),
    fees: ({ latestRelease }) => totalUsage(latestRelease?.usage ?? []).fees,
    price: (model) => negative(priceOf(model)),
    fidelity: ({ latestRelease }) => {
      const measured = latestRelease?.fidelities[0];
      return measured ? BigInt(measured.lowBps) : null;
    },
    rating: ({ rating, ratingCount }) => (ratingCount > 0 ? BigInt(rating) : null),
    judged: ({ judgedPoints, judgedRounds }) => (judgedRounds > 0 ? BigInt(judgedPoints) : null),
    name: () => null,
  };
  return [...models].sort((a, b) => {
    if (order === 'name') return a.name.localeCompare(b.name) || b.number - a.number;
    return compare(value[order](b), value[order](a)) || b.number - a.number;
  });
}

const negative = (amount: bigint | null): bigint | null => (amount === null ? null : -amount);

/** Rising; null is less than all. */
function compare(a: bigint | null, b: bigint | null): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return a < b ? -1 : a > b ? 1 : 0;
}
