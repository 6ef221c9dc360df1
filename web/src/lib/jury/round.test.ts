import { expect, test } from 'vitest';
import { roundOf } from './round.ts';

const base = { status: 'OPEN', round: 1, drawn: 0, drawBy: '20', commitBy: null, revealBy: null, votes: [] };
const drawn = { ...base, drawn: 2, commitBy: '60', revealBy: '90' };
const vote = (round: number, choice: string | null) => ({ round, choice });

test('a case waits for its draw, and may be decided once nobody drew in time', () => {
  expect(roundOf(base, 20)).toEqual({ step: 'draw', until: 20 });
  expect(roundOf(base, 21)).toEqual({ step: 'decide' });
});

test('a drawn round commits, reveals, and is decided', () => {
  expect(roundOf(drawn, 60)).toEqual({ step: 'commit', until: 60 });
  expect(roundOf(drawn, 61)).toEqual({ step: 'reveal', until: 90 });
  expect(roundOf(drawn, 90)).toEqual({ step: 'reveal', until: 90 });
  expect(roundOf(drawn, 91)).toEqual({ step: 'decide' });
});

test('once all of this round have revealed nobody is waited for', () => {
  expect(roundOf({ ...drawn, votes: [vote(1, 'GUILTY'), vote(1, null)] }, 70).step).toBe('reveal');
  expect(roundOf({ ...drawn, votes: [vote(1, 'GUILTY'), vote(1, 'INNOCENT')] }, 70).step).toBe('decide');
  const second = { ...drawn, round: 2, votes: [vote(1, 'GUILTY'), vote(1, 'GUILTY'), vote(2, null)] };
  expect(roundOf(second, 70).step).toBe('reveal');
});

test('a case that has ended waits for nothing', () => {
  expect(roundOf({ ...drawn, status: 'DISMISSED' }, 0)).toEqual({ step: 'over' });
});
