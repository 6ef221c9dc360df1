import { expect, test } from 'vitest';
import { approvalState } from './approvalState.ts';

const votes = (yes: number, no: number, total = 10) => ({ total: String(total), yes: String(yes), no: String(no) });

test('more than half decides at once, half of the records against it too', () => {
  expect(approvalState(votes(6, 0), 100, 50)).toBe('approved');
  expect(approvalState(votes(5, 0), 100, 50)).toBe('voting');
  expect(approvalState(votes(0, 5), 100, 50)).toBe('refused');
});

test('after the deadline a fifth must have voted, most of it in favour', () => {
  expect(approvalState(votes(2, 0), 100, 101)).toBe('approved');
  expect(approvalState(votes(1, 0), 100, 101)).toBe('refused');
  expect(approvalState(votes(2, 2), 100, 101)).toBe('refused');
  expect(approvalState(votes(3, 2), 100, 101)).toBe('approved');
});

test('nobody has voted: open until the deadline, refused after it', () => {
  expect(approvalState(votes(0, 0, 0), 100, 100)).toBe('voting');
  expect(approvalState(votes(0, 0, 0), 100, 101)).toBe('refused');
});
