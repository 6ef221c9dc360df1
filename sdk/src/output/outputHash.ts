import { concatHex, type Hex, numberToHex, stringToHex } from 'viem';
import { keccak } from '../schema/keccak.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { tokenChunks } from './tokenChunks.ts';

/** Tree 7: the salted chunks of an answer's tokens; each chunk has a salt of its own, so one can be opened alone. */
export function outputTree(salt: Hex, tokenIds: readonly number[]): SumTree {
  return buildTree(
    treeId.outputChunks,
    tokenChunks(tokenIds).map(({ bytes, tokens }, index) => {
      const chunkSalt = keccak(concatHex([salt, numberToHex(index, { size: 4 })]));
      return { key: BigInt(index), data: keccak(concatHex([chunkSalt, bytes])), amount: BigInt(tokens), weight: 0n };
    }),
  );
}

/** A receipt's `outputHash`: keccak(keccak(salt ‖ answer) ‖ root of tree 7). `salt`: the payer's 32 bytes. */
export function outputHash(salt: Hex, answer: string, tokenIds: readonly number[]): Hex {
  const text = keccak(concatHex([salt, stringToHex(answer)]));
  return keccak(concatHex([text, outputTree(salt, tokenIds).root]));
}
