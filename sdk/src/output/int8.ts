import { bytesToHex, type Hex, hexToBytes } from 'viem';
import { componentsPerChunk } from './int8Tree.ts';

/** int8 components (two's complement) as they travel: two hex digits each. */
export function int8ToHex(vector: Int8Array): Hex {
  return bytesToHex(new Uint8Array(vector.buffer, vector.byteOffset, vector.length));
}

export function int8FromHex(hex: Hex): Int8Array {
  const bytes = hexToBytes(hex);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The components of one chunk. */
export function int8Chunk(vector: Int8Array, chunk: number): Int8Array {
  return vector.subarray(chunk * componentsPerChunk, (chunk + 1) * componentsPerChunk);
}

/** Inner product of two vectors of the same length. Of a chunk it fits an int32, of 16 of them a double many times over. */
export function int8Dot(left: Int8Array, right: Int8Array): number {
  if (left.length !== right.length)
    throw new RangeError(`Vectors of ${left.length} and ${right.length} components have no inner product.`);
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) sum += (left[at] as number) * (right[at] as number);
  return sum;
}

/** Inner products of query and row, chunk by chunk: the partial scores of a record. */
export function partialScores(query: Int8Array, row: Int8Array): number[] {
  const chunks = Math.ceil(row.length / componentsPerChunk);
  return Array.from({ length: chunks }, (_, chunk) => int8Dot(int8Chunk(query, chunk), int8Chunk(row, chunk)));
}
