/** Number of each tree in its hashes (docs/wire.md): a leaf of one tree can never pass as a leaf of another. */
export const treeId = {
  receipts: 1,
  allocations: 2,
  rewards: 3,
  records: 4,
  datanetVersion: 5,
  attributionIndex: 6,
  outputChunks: 7,
  recordTokens: 8,
  indexRow: 9,
  query: 10,
} as const;

export type TreeId = (typeof treeId)[keyof typeof treeId];
