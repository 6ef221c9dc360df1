import { expect, test } from 'vitest';
import { windowOf } from './batchWindow.ts';

const batch = { status: 'PENDING', settledAt: '1000', finalAt: '1040', finalizedAt: null };

test('an open window counts down and says how much of it has passed', () => {
  expect(windowOf(batch, 1000)).toEqual({ phase: 'open', secondsLeft: 40, share: 0 });
  expect(windowOf(batch, 1030)).toEqual({ phase: 'open', secondsLeft: 10, share: 0.75 });
});

test('a clock behind the chain’s does not make a negative share', () => {
  expect(windowOf(batch, 990)).toEqual({ phase: 'open', secondsLeft: 50, share: 0 });
});

test('a window that has passed is over, not final, until the chain says so', () => {
  expect(windowOf(batch, 1040)).toEqual({ phase: 'over' });
  expect(windowOf({ ...batch, status: 'FINAL', finalizedAt: '1050' }, 1060)).toEqual({ phase: 'final', at: 1050 });
});

test('a batch that was proven wrong counts down to nothing', () => {
  expect(windowOf({ ...batch, status: 'VOID' }, 1010)).toEqual({ phase: 'void' });
});
