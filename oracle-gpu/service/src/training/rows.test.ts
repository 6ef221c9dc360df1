import { int8Tree, treeId } from '@openledger/sdk';
import { expect, test } from 'vitest';
import type { ReleaseRow } from '../releases.ts';
import { requireComponents } from './rows.ts';

const k = 4_096 + 3;
const components = Int8Array.from({ length: 3 * k }, (_, at) => ((at * 7) % 255) - 127);
const rows = [0, 1, 2].map((position) => ({
  position,
  rowRoot: int8Tree(treeId.indexRow, components.subarray(position * k, (position + 1) * k)).root,
})) as ReleaseRow[];
const bytes = new Uint8Array(components.buffer);

test('components are those of an index whose rows they open, of several chunks too', async () => {
  await expect(requireComponents(bytes, rows, { k })).resolves.toBeUndefined();
});

test('other components, too few and too many of them are refused', async () => {
  const changed = bytes.slice();
  changed[2 * k] = 1 ^ (changed[2 * k] as number);
  await expect(requireComponents(changed, rows, { k })).rejects.toThrow(/row 2 is another/);
  await expect(requireComponents(bytes.subarray(1), rows, { k })).rejects.toThrow(/are not 3 rows of 4099/);
  await expect(requireComponents(bytes, rows.slice(1), { k })).rejects.toThrow(/are not 2 rows of 4099/);
});
