import { versionTree } from '@openledger/sdk';
import { expect, test } from 'vitest';
import { canPublish, entriesOf } from './nextVersion.ts';

const accepted = (number: number) => ({
  number,
  recordsRoot: `0x${String(number).padStart(64, '0')}` as const,
  records: number + 1,
  cid: `cid-of-${number}`,
});
const [one, two, three] = [accepted(1), accepted(2), accepted(3)];
const published = { latestVersion: { root: versionTree(entriesOf([one, two])).root } };

test('entries rise by id, whatever order they are read in, and leave out what is not revealed', () => {
  expect(entriesOf([two, { ...three, cid: null }, one]).map(({ contributionId }) => contributionId)).toEqual([1, 2]);
});

test('a version can be published when what is accepted is not what the last one holds', () => {
  expect(canPublish({ latestVersion: null }, [one])).toBe(true);
  expect(canPublish(published, [two, one])).toBe(false);
  expect(canPublish(published, [one, two, three])).toBe(true);
  // One was withdrawn; and as many as before, but others.
  expect(canPublish(published, [two])).toBe(true);
  expect(canPublish(published, [two, three])).toBe(true);
});

test('nothing can be published where nothing is accepted', () => {
  expect(canPublish(published, [])).toBe(false);
  expect(canPublish({ latestVersion: null }, [])).toBe(false);
});
