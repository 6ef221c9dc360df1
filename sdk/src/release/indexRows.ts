import { int8Tree } from '../output/int8Tree.ts';
import { treeId } from '../tree/treeId.ts';
import { indexTree } from './indexTree.ts';
import type { IndexLeaf, Release } from './release.ts';

/** The rows of a release's attribution index with their components, opened against its hash. */
export type IndexRows = {
  leaves: readonly IndexLeaf[];
  /** The components of the row at a position of the index. */
  componentsAt: (position: number) => Int8Array;
};

/**
 * Opens the published rows of an index: a file of rows × k bytes, one row after another.
 * @throws one sentence when rows or components are not those that the release commits to
 */
export function openIndexRows(
  file: Uint8Array,
  leaves: readonly IndexLeaf[],
  { indexRoot, indexRows, k }: Pick<Release, 'indexRoot' | 'indexRows' | 'k'>,
): IndexRows {
  if (leaves.length !== indexRows || indexTree(leaves).root !== indexRoot)
    throw new Error('These are not the rows of the index that the release commits to.');
  if (file.length !== indexRows * k)
    throw new Error(
      `The file of index rows has ${file.length} bytes, ${indexRows} rows of ${k} components have ${indexRows * k}.`,
    );
  const componentsAt = (position: number): Int8Array => {
    if (!Number.isInteger(position) || position < 0 || position >= indexRows)
      throw new RangeError(`The index has ${indexRows} rows; there is none at ${position}.`);
    return new Int8Array(file.buffer, file.byteOffset + position * k, k);
  };
  for (const { position, rowRoot } of leaves)
    if (int8Tree(treeId.indexRow, componentsAt(position)).root !== rowRoot)
      throw new Error(`The components of row ${position} are not those that the index commits to.`);
  return { leaves, componentsAt };
}
