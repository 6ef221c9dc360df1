import type { Hex } from 'viem';
import { uint32Hex } from '../schema/abiWords.ts';

/** Tokens in a chunk; the last one has fewer. */
export const tokensPerChunk = 64;

/** Token ids (uint32 each) packed in chunks of 64. */
export function tokenChunks(tokenIds: readonly number[]): { bytes: Hex; tokens: number }[] {
  const chunks: { bytes: Hex; tokens: number }[] = [];
  for (let start = 0; start < tokenIds.length; start += tokensPerChunk) {
    const chunk = tokenIds.slice(start, start + tokensPerChunk);
    chunks.push({ bytes: `0x${chunk.map(uint32Hex).join('')}`, tokens: chunk.length });
  }
  return chunks;
}
