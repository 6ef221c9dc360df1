import { expect, test } from 'vitest';
import { payingTerms, pays } from './payingTerms.ts';

const account = '0x00000000000000000000000000000000000000e1';
const backers = '0x00000000000000000000000000000000000000b1';
const prices = { promptPrice: '1', completionPrice: '2', retrievalPrice: '3', agentStepPrice: '4' };
const terms = {
  ...{ operatorBps: 3_000, developerBps: 2_000, parentsBps: 0, backersBps: 1_000, contributorsBps: 4_000, backers },
  ...prices,
};
const sum = (t: ReturnType<typeof payingTerms>): number =>
  t.operatorBps + t.developerBps + t.parentsBps + t.backersBps + t.contributorsBps;

test('the developer pays first, and nothing else changes', () => {
  const t = payingTerms(terms, { account, bps: 800 });
  expect(t).toMatchObject({
    developerBps: 1_200,
    parentsBps: 800,
    contributorsBps: 4_000,
    operatorBps: 3_000,
    backersBps: 1_000,
  });
  expect(t).toMatchObject({
    parents: account,
    backers,
    promptPrice: 1n,
    completionPrice: 2n,
    retrievalPrice: 3n,
    agentStepPrice: 4n,
  });
});

test('then contributors, then the operator, never the backers', () => {
  expect(payingTerms(terms, { account, bps: 5_000 })).toMatchObject({
    developerBps: 0,
    contributorsBps: 1_000,
    operatorBps: 3_000,
  });
  const scarce = { ...terms, contributorsBps: 0, operatorBps: 7_000 };
  expect(payingTerms(scarce, { account, bps: 5_000 })).toMatchObject({ developerBps: 0, operatorBps: 4_000, backersBps: 1_000 });
  const backed = { ...terms, contributorsBps: 0, operatorBps: 0, developerBps: 1_000, backersBps: 9_000 };
  expect(() => payingTerms(backed, { account, bps: 1_001 })).toThrow(/backers/);
});

test('the shares always sum to the whole', () => {
  for (let bps = 0; bps <= 5_000; bps += 37) expect(sum(payingTerms(terms, { account, bps }))).toBe(10_000);
});

test('a share that is larger already stays', () => {
  const generous = { ...terms, parentsBps: 2_000, developerBps: 0 };
  expect(payingTerms(generous, { account, bps: 800 })).toMatchObject({ parentsBps: 2_000, contributorsBps: 4_000 });
});

test('terms pay when they name the account and give it enough', () => {
  const owed = { account, bps: 800 };
  expect(pays({ parents: account.toUpperCase().replace('0X', '0x'), parentsBps: 800 }, owed)).toBe(true);
  expect(pays({ parents: account, parentsBps: 799 }, owed)).toBe(false);
  expect(pays({ parents: backers, parentsBps: 800 }, owed)).toBe(false);
  expect(pays(null, owed)).toBe(false);
});
