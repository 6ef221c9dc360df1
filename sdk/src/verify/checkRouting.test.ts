import { describe, expect, test } from 'vitest';
import { hashJson } from '../schema/hashJson.ts';
import { checkRouting } from './checkRouting.ts';
import { resign, testContext, testReceipt } from './testReceipt.ts';
import { verifyReceipt } from './verifyReceipt.ts';

const [own, other] = [`0x${'11'.repeat(32)}`, `0x${'22'.repeat(32)}`] as const;
const composition = [{ releaseHash: own, termsVersion: 1, weightBps: 10_000 }] as const;
const honest = {
  version: 'nearest-1',
  embedder: '0x12',
  threshold: 3_500,
  messages: 1,
  reason: 'nearest',
  choices: [
    { releaseHash: own, score: 6_200 },
    { releaseHash: other, score: 1_000 },
  ],
};
const check = (changed: object) => checkRouting({ trace: { router: { ...honest, ...changed } }, composition: [...composition] });

describe('the choice of a model', () => {
  test('holds where the nearest release answered, with the reason', () => {
    expect(check({})).toEqual({
      name: 'routing',
      status: 'passed',
      sentence: 'The gateway chose the release nearest to the question: it scores 62.0 %, 35.0 % are needed.',
    });
  });

  test('holds where nothing was near and the default answered', () => {
    const far = check({ reason: 'default', choices: [{ releaseHash: other, score: 3_499 }] });
    expect(far).toMatchObject({ status: 'passed', sentence: expect.stringContaining("the operator's default answered") });
    expect(check({ reason: 'default', choices: [] }).status).toBe('passed');
  });

  test.each([
    ['another release answered', { choices: [{ releaseHash: other, score: 6_200 }] }, 'The scores choose release 0x2222'],
    ['the order is wrong', { choices: [...honest.choices].reverse() }, 'in the order of their scores'],
    ['none was near enough', { choices: [{ releaseHash: own, score: 3_499 }] }, 'No release was near enough'],
    ['there was none', { choices: [] }, 'No release was near enough'],
    ['a near one was passed over', { reason: 'default' }, 'yet the default answered'],
  ])('fails where %s', (_, changed, sentence) => {
    expect(check(changed)).toMatchObject({ status: 'failed', sentence: expect.stringContaining(sentence) });
  });

  test('is checked with the receipt that binds it, and only there', async () => {
    const { bundle } = await testReceipt();
    const names = (await verifyReceipt(bundle, testContext)).checks.map(({ name }) => name);
    expect(names).not.toContain('routing');
    const releaseHash = bundle.composition[0]?.releaseHash;
    const routed = (router: object) => {
      const trace = { ...bundle.trace, router: JSON.parse(JSON.stringify(router)) };
      return resign({ ...bundle, trace, receipt: { ...bundle.receipt, traceHash: hashJson(trace) } });
    };
    const statusOf = async (router: object): Promise<string | undefined> =>
      (await verifyReceipt(await routed(router), testContext)).checks.find(({ name }) => name === 'routing')?.status;
    expect(await statusOf({ ...honest, choices: [{ releaseHash, score: 5_000 }] })).toBe('passed');
    expect(await statusOf(honest)).toBe('failed');
    expect(await statusOf({ ...honest, threshold: 'low' })).toBe('failed');
  });
});
