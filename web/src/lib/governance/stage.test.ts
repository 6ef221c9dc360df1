import { expect, test } from 'vitest';
import { inState, stageOf } from './stage.ts';

const proposal = { status: 'CREATED', voteStart: '100', voteEnd: '200', eta: null };

test('voting opens after the delay and closes with the period', () => {
  expect(stageOf(proposal, 100, undefined, false)).toBe('pending');
  expect(stageOf(proposal, 101, undefined, false)).toBe('active');
  expect(stageOf(proposal, 200, undefined, false)).toBe('active');
});

test('whether a vote was won is the governor’s word, not a guess', () => {
  expect(stageOf(proposal, 201, undefined, false)).toBeUndefined();
  expect(stageOf(proposal, 201, 4, false)).toBe('succeeded');
  expect(stageOf(proposal, 201, 3, false)).toBe('defeated');
});

test('a chain whose clock lags has not decided yet: nothing is defeated before it says so', () => {
  expect(stageOf(proposal, 201, 1, false)).toBe('active');
});

test('a queued proposal can be executed once its time has come by the clock of the chain', () => {
  const queued = { ...proposal, status: 'QUEUED', eta: '300' };
  expect(stageOf(queued, 300, undefined, false)).toBe('queued');
  expect(stageOf(queued, 300, undefined, true)).toBe('ready');
});

test('what has happened stays', () => {
  expect(stageOf({ ...proposal, status: 'EXECUTED' }, 0, undefined, false)).toBe('executed');
  expect(stageOf({ ...proposal, status: 'VETOED' }, 0, undefined, false)).toBe('vetoed');
});

test('a filter of the list says by events and times what a stage is by the clock', () => {
  expect(inState('active', 150)).toEqual({ status: 'CREATED', voteStart_lt: '150', voteEnd_gte: '150' });
  expect(inState('pending', 100)).toEqual({ status: 'CREATED', voteStart_gte: '100' });
  expect(inState('stopped', 0)).toEqual({ status_in: ['CANCELED', 'VETOED'] });
  expect(inState('', 0)).toEqual({});
  expect(inState('toString', 0)).toEqual({});
});
