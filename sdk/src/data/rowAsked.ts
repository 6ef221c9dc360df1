import { encodeAbiParameters, type Hex } from 'viem';
import { keccak } from '../schema/keccak.ts';

/** A row of an index that a receipt of a pending batch was scored with, as somebody asked for it on chain. */
export type RowAsked = {
  headerHash: Hex;
  releaseHash: Hex;
  /** Of the receipt's evidence. */
  evidenceHash: Hex;
  /** Of the row in the index. */
  position: number;
  /** The part of the row that is to be given whole, at 4,096 components. */
  chunk: number;
};

const parameters = [
  { type: 'bytes32' },
  { type: 'bytes32' },
  { type: 'bytes32' },
  { type: 'uint32' },
  { type: 'uint32' },
] as const;

/** Name of the request on chain. The same chunk of a row can be asked for once of a batch and evidence. */
export function rowRequestId({ headerHash, releaseHash, evidenceHash, position, chunk }: RowAsked): Hex {
  return keccak(encodeAbiParameters(parameters, [headerHash, releaseHash, evidenceHash, position, chunk]));
}
