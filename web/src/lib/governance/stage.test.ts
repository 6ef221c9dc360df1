import { expect, test } from 'vitest';
import { stageOf } from './stage.ts';

const proposal = { status: 'CREATED', voteStart: '100', voteEnd: '200', eta: null };

test('voting opens after the delay and closes with the period', () => {
  expect(stageOf(proposal, 100, undefined)).toBe('pending');
  expect(stageOf(proposal, 101, undefined)).toBe('active');
  expect(stageOf(proposal, 200, undefined)).toBe('active');
});

test('whether a vote was won is the governor’s word, not a guess', () => {
  expect(stageOf(proposal, 201, undefined)).toBeUndefined();
  expect(stageOf(proposal, 201, 4)).toBe('succeeded');
  expect(stageOf(proposal, 201, 3)).toBe('defeated');
});

test('a queued proposal can be executed once its time has come', () => {
  const queued = { ...proposal, status: 'QUEUED', eta: '300' };
  expect(stageOf(queued, 299, undefined)).toBe('queued');
  expect(stageOf(queued, 300, undefined)).toBe('ready');
});

test('what has happened stays', () => {
  expect(stageOf({ ...proposal, status: 'EXECUTED' }, 0, undefined)).toBe('executed');
  expect(stageOf({ ...proposal, status: 'VETOED' }, 0, undefined)).toBe('vetoed');
});
