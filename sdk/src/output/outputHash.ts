import type { Hex } from 'viem';
import { uint32Hex } from '../schema/abiWords.ts';
import { keccak, keccakSalted } from '../schema/keccak.ts';
import { buildTree, type SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { tokenChunks } from './tokenChunks.ts';

/** Tree 7: the salted chunks of an answer's tokens; each chunk has a salt of its own, so one can be opened alone. */
export function outputTree(salt: Hex, tokenIds: readonly number[]): SumTree {
  return buildTree(
    treeId.outputChunks,
    tokenChunks(tokenIds).map(({ bytes, tokens }, index) => {
      const chunkSalt = keccak(`${salt}${uint32Hex(index)}`);
      return { key: BigInt(index), data: keccak(`${chunkSalt}${bytes.slice(2)}`), amount: BigInt(tokens), weight: 0n };
    }),
  );
}

/** A receipt's `outputHash`: keccak(keccak(salt ‖ answer) ‖ root of tree 7). `salt`: the payer's 32 bytes. */
export function outputHash(salt: Hex, answer: string, tokenIds: readonly number[]): Hex {
  return keccak(`${keccakSalted(salt, answer)}${outputTree(salt, tokenIds).root.slice(2)}`);
}
