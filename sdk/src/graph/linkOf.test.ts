import { expect, test } from 'vitest';
import type { SettledCall } from './callsQuery.ts';
import { linkOf } from './linkOf.ts';

type Id = `0x${string}`;
const [owner, developer, operator, stranger, purse]: readonly [Id, Id, Id, Id, Id] = ['0xaa', '0xbb', '0xcc', '0xdd', '0xee'];
const party = (id: Id, funders: Record<Id, Id>) => ({ id, firstFunder: funders[id] ? { id: funders[id] } : null });

function call(payer: Id | null, funders: Record<Id, Id> = {}): SettledCall {
  return {
    id: '0x01',
    fee: '1',
    timestamp: '0',
    payer: payer === null ? null : party(payer, funders),
    batch: { operatorAccount: party(operator, funders) },
    composition: [
      {
        weightBps: 10_000,
        release: { model: { id: '1', name: 'm', owner: party(owner, funders), developer: party(developer, funders) } },
      },
    ],
  };
}

test.each([
  [owner, 'owner'],
  [developer, 'developer'],
  [operator, 'operator'],
  [stranger, undefined],
  [null, undefined],
] as const)('a call paid by %s is linked as %s', (payer, link) => {
  expect(linkOf(call(payer))).toBe(link);
});

test.each([owner, developer, operator])(
  'who has its first OPEN from %s is linked with it, and the other way round',
  (earning) => {
    expect(linkOf(call(stranger, { [stranger]: earning }))).toBe('funder');
    expect(linkOf(call(stranger, { [earning]: stranger }))).toBe('funder');
    expect(linkOf(call(stranger, { [stranger]: purse, [earning]: purse }))).toBe('funder');
  },
);

test('funders that differ, or are not known, link nobody', () => {
  expect(linkOf(call(stranger, { [stranger]: purse, [owner]: operator }))).toBeUndefined();
  expect(linkOf(call(stranger, { [owner]: purse }))).toBeUndefined();
});
