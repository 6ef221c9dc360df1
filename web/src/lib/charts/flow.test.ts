import { expect, test } from 'vitest';
import { flowHeight, layoutFlow } from './flow.ts';

const target = (id: string, value: bigint) => ({ id, label: id, detail: '', value, color: 'red' });

test('streams are as wide as their share', () => {
  const { targets } = layoutFlow([target('a', 75n), target('b', 25n)], 400, 150);
  const [a, b] = targets;
  expect(a && b && a.height / b.height).toBeCloseTo(3, 1);
});

test('the tiniest stream can still be seen', () => {
  const { links } = layoutFlow([target('a', 1_000_000n), target('b', 1n)], 400, 150);
  expect(links[1]?.width).toBeGreaterThanOrEqual(1);
});

test('labels have room of their own', () => {
  const many = Array.from({ length: 9 }, (_, index) => target(`t${index}`, 1n));
  const { targets } = layoutFlow(many, 400, 150);
  const gaps = targets.slice(1).map((next, index) => next.middle - (targets[index]?.middle ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(16);
  expect(flowHeight(9)).toBeGreaterThan(flowHeight(2));
});
