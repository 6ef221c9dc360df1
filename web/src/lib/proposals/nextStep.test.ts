import { describe, expect, test } from 'vitest';
import { nextStep } from './nextStep.ts';
import type { ProposalDetail } from './types.ts';

const rules = { startPeriod: 10n, revealPeriod: 10n };
const agreed = { total: '10', yes: '6', no: '0', grant: { status: 'APPROVED' } };
const job = { status: 'OPEN', openUntil: '200', deliverBy: '300', attestedAt: '400' };

/** Only what the next step follows from. */
const proposalOf = (change: object): ProposalDetail =>
  ({
    status: 'OPEN',
    deadline: '100',
    goal: '10',
    raised: '10',
    openCaseCount: 0,
    datanets: [agreed],
    job: null,
    reportBy: null,
    disputeUntil: null,
    ...change,
  }) as unknown as ProposalDetail;
const next = (change: object, now: number) => nextStep(proposalOf(change), rules, now);

describe('before the training', () => {
  test('names what is missing', () => {
    const alone = { ...agreed, yes: '1', grant: { status: 'REQUESTED' } };
    expect(next({ raised: '9', datanets: [agreed, alone] }, 50)).toEqual({
      kind: 'gather',
      missing: ['money', 'votes', 'grants'],
    });
  });

  test('can start once all is there, until the time for it is over', () => {
    expect(next({}, 50).kind).toBe('start');
    expect(next({}, 110).kind).toBe('start');
    expect(next({}, 111).kind).toBe('end');
  });

  test('ends where contributors refuse, or the budget is not there by the deadline', () => {
    expect(next({ datanets: [{ ...agreed, yes: '0', no: '5' }] }, 50).kind).toBe('end');
    expect(next({ raised: '9' }, 101).kind).toBe('end');
  });
});

describe('from the training on', () => {
  test('follows the job', () => {
    const of = (change: object, now: number) => next({ status: 'TRAINING', job: { ...job, ...change } }, now).kind;
    expect(of({}, 200)).toBe('quote');
    expect(of({}, 201)).toBe('end');
    expect(of({ status: 'ACCEPTED' }, 300)).toBe('train');
    expect(of({ status: 'ACCEPTED' }, 301)).toBe('end');
    expect(of({ status: 'ATTESTED' }, 410)).toBe('reveal');
    expect(of({ status: 'ATTESTED' }, 411)).toBe('end');
    expect(of({ status: 'REFUNDED' }, 1)).toBe('end');
  });

  test('waits for the score, for objections and for the jury', () => {
    expect(next({ status: 'REVEALED', reportBy: '500' }, 500).kind).toBe('evaluate');
    expect(next({ status: 'REVEALED', reportBy: '500' }, 501).kind).toBe('end');
    expect(next({ status: 'REPORTED', disputeUntil: '600' }, 600).kind).toBe('object');
    expect(next({ status: 'REPORTED', disputeUntil: '600' }, 601).kind).toBe('pass');
    expect(next({ status: 'REPORTED', disputeUntil: '600', openCaseCount: 1 }, 601).kind).toBe('jury');
    expect(next({ status: 'PASSED' }, 1).kind).toBe('over');
  });
});
