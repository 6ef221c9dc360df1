import { expect, test } from 'vitest';
import { licencesOf, matching, ordered, type Wanted } from './catalogue.ts';
import type { ListedModel } from './types.ts';

type Made = Partial<{
  price: string;
  fees: string;
  calls: string;
  low: number;
  base: string;
  data: string;
  licence: string;
  card: string;
  stars: number;
  judged: number;
  sale: string;
}>;

function model(number: number, name: string, made: Made = {}): ListedModel {
  const {
    price,
    fees = '0',
    calls = '0',
    low,
    base = '0x01',
    data = 'Solidity',
    licence = 'MIT',
    card,
    stars,
    judged,
    sale,
  } = made;
  const datanet = { id: '1', name: data, licence };
  return {
    id: String(number),
    number,
    name,
    listed: true,
    releaseCount: 1,
    createdAt: String(1_000 + number),
    rating: stars ?? 0,
    ratingCount: stars === undefined ? 0 : 2,
    judgedPoints: judged ?? 0,
    judgedRounds: judged === undefined ? 0 : 1,
    salePrice: sale ?? null,
    listing: sale === undefined ? null : { expiry: '100' },
    owner: { id: '0xaa' },
    card: card === undefined ? null : { description: card },
    terms: price === undefined ? null : { completionPrice: price },
    latestRelease: {
      id: '0x99',
      releaseIndex: 0,
      baseModel: base,
      indexRows: 1,
      createdAt: '0',
      fidelities: low === undefined ? [] : [{ ldsBps: low, lowBps: low, highBps: low }],
      manifest: { datanets: [{ datanet }], evaluation: null },
      usage: [{ callCount: calls, fees }],
    },
  } as unknown as ListedModel;
}
const all: Wanted = { search: '', base: '', licence: '', measured: false, forSale: false, now: 50 };
const names = (models: readonly ListedModel[]): string[] => models.map(({ name }) => name);

const auditor = model(1, 'Auditor', { price: '30', fees: '5', calls: '9', card: 'Reads Solidity contracts.' });
const poet = model(2, 'Poet', {
  price: '10',
  fees: '50',
  calls: '2',
  data: 'Verse',
  licence: 'CC0',
  base: '0x02',
  low: 3_000,
  stars: 410,
  judged: -900,
});
const clerk = model(3, 'Clerk', { data: 'Letters', low: -200, stars: 280, judged: -150, sale: '7' });
const models = [auditor, poet, clerk];

test.each([
  ['contracts', ['Auditor']], // card
  ['verse', ['Poet']], // datanet
  ['CLERK', ['Clerk']], // name
  ['auditor solidity', ['Auditor']], // all words, wherever they stand
  ['auditor verse', []],
])('searching for "%s" looks at names, cards and datanets', (search, found) => {
  expect(names(matching(models, { ...all, search }))).toEqual(found);
});

test('base, licence and fidelity narrow a list', () => {
  expect(names(matching(models, { ...all, base: '0x02' }))).toEqual(['Poet']);
  expect(names(matching(models, { ...all, licence: 'MIT' }))).toEqual(['Auditor', 'Clerk']);
  expect(names(matching(models, { ...all, measured: true }))).toEqual(['Poet', 'Clerk']);
});

test('what is for sale is so until the offer expires', () => {
  expect(names(matching(models, { ...all, forSale: true }))).toEqual(['Clerk']);
  expect(names(matching(models, { ...all, forSale: true, now: 101 }))).toEqual([]);
});

test.each([
  ['newest', ['Clerk', 'Poet', 'Auditor']],
  ['calls', ['Auditor', 'Poet', 'Clerk']],
  ['fees', ['Poet', 'Auditor', 'Clerk']],
  ['price', ['Poet', 'Auditor', 'Clerk']], // the cheapest first, without terms last
  ['fidelity', ['Poet', 'Clerk', 'Auditor']], // not measured last
  ['rating', ['Poet', 'Clerk', 'Auditor']], // not rated last
  ['judged', ['Clerk', 'Poet', 'Auditor']],
  ['name', ['Auditor', 'Clerk', 'Poet']],
] as const)('the order by %s', (order, found) => {
  expect(names(ordered(models, order))).toEqual(found);
});

test('a licence is told once', () => {
  expect(licencesOf(auditor)).toEqual(['MIT']);
});
