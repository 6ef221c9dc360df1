import { type Hex, numberToHex } from 'viem';
import { buildTree } from '../tree/sumTree.ts';
import { treeProof } from '../tree/treeProof.ts';
import { verifyTreeProof } from '../tree/verifyTreeProof.ts';
import { seededRandom } from './random.ts';

const sizes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 31, 32, 33, 64, 65, 100];

/** trees.json: trees of every shape up to 17 leaves and some larger, with proofs. Format: generate.ts. */
export function treeVectors() {
  const random = seededRandom('openledger trees');
  const trees = {
    treeId: [] as number[],
    root: [] as Hex[],
    count: [] as number[],
    amount: [] as string[],
    weight: [] as string[],
    firstLeaf: [] as number[],
  };
  const leaves = { key: [] as Hex[], data: [] as Hex[], amount: [] as string[], weight: [] as string[] };
  const proofs = {
    tree: [] as number[],
    index: [] as number[],
    proof: [] as Hex[],
    amountBefore: [] as string[],
    weightBefore: [] as string[],
  };
  sizes.forEach((size, number) => {
    const id = 1 + (number % 10);
    let key = 0n;
    const list = Array.from({ length: size }, () => {
      key += 1n + random.upTo(number % 2 === 0 ? 3n : 2n ** 240n);
      return { key, data: random.bytes32(), amount: random.upTo(2n ** 80n), weight: random.upTo(2n ** 64n) };
    });
    const tree = buildTree(id, list);
    trees.treeId.push(id);
    trees.root.push(tree.root);
    trees.count.push(tree.count);
    trees.amount.push(tree.amount.toString());
    trees.weight.push(tree.weight.toString());
    trees.firstLeaf.push(leaves.key.length);
    for (const leaf of list) {
      leaves.key.push(numberToHex(leaf.key, { size: 32 }));
      leaves.data.push(leaf.data);
      leaves.amount.push(leaf.amount.toString());
      leaves.weight.push(leaf.weight.toString());
    }
    list.forEach((leaf, index) => {
      const interesting = size <= 17 || index < 2 || index > size - 3 || index === size >> 1;
      if (!interesting) return;
      const proof = treeProof(tree, index);
      const before = verifyTreeProof(id, tree, index, leaf, proof);
      if (!before) throw new Error(`The proof of leaf ${index} of a tree of ${size} does not verify.`);
      proofs.tree.push(number);
      proofs.index.push(index);
      proofs.proof.push(proof);
      proofs.amountBefore.push(before.amount.toString());
      proofs.weightBefore.push(before.weight.toString());
    });
  });
  return { trees, leaves, proofs };
}
