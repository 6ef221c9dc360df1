import { expect, test } from 'vitest';
import { type ParentLink, royaltiesOf } from './royaltiesOf.ts';

const line =
  (links: Record<number, [modelId: number, shareBps: number][]>) =>
  (modelId: number): Promise<ParentLink[]> =>
    Promise.resolve((links[modelId] ?? []).map(([id, shareBps]) => ({ modelId: id, shareBps })));

const sum = (parts: Map<number, bigint>): bigint => [...parts.values()].reduce((a, b) => a + b, 0n);

test('parents share by what was declared, and pass on what they owe', async () => {
  const parentsOf = line({
    3: [
      [1, 300],
      [2, 100],
    ],
    4: [[3, 1_000]],
  });
  expect(await royaltiesOf(3, 8n, parentsOf)).toEqual(
    new Map([
      [1, 6n],
      [2, 2n],
    ]),
  );
  expect(await royaltiesOf(4, 100n, parentsOf)).toEqual(
    new Map([
      [3, 96n],
      [1, 3n],
      [2, 1n],
    ]),
  );
});

test('odd wei goes to the older model', async () => {
  expect(
    await royaltiesOf(
      3,
      7n,
      line({
        3: [
          [1, 100],
          [2, 100],
        ],
      }),
    ),
  ).toEqual(
    new Map([
      [1, 4n],
      [2, 3n],
    ]),
  );
});

test('an ancestor by two lines is paid once everything has come to it', async () => {
  // 5 is built from 3 and 4, both from 2, which is built from 1
  const parentsOf = line({
    5: [
      [3, 500],
      [4, 500],
    ],
    4: [[2, 5_000]],
    3: [[2, 5_000]],
    2: [[1, 5_000]],
  });
  const parts = await royaltiesOf(5, 1_000n, parentsOf);
  expect(parts).toEqual(
    new Map([
      [3, 250n],
      [4, 250n],
      [2, 250n],
      [1, 250n],
    ]),
  );
});

test('nothing is lost over eight levels, whatever the shares', async () => {
  for (let seed = 1n; seed < 200n; seed++) {
    const share = (level: number): number => Number((seed * 7_919n * BigInt(level + 1)) % 5_000n) + 1;
    const parentsOf = line(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [i + 2, [[i + 1, share(i)]]])));
    const amount = seed * 1_000_000_007n;
    expect(sum(await royaltiesOf(9, amount, parentsOf))).toBe(amount);
  }
});

test('parents that ask for nothing get nothing', async () => {
  expect(await royaltiesOf(2, 5n, line({ 2: [[1, 0]] }))).toEqual(new Map());
  expect(await royaltiesOf(1, 5n, line({}))).toEqual(new Map());
});
