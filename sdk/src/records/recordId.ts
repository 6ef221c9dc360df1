import type { Hex } from 'viem';
import { hashJson } from '../schema/hashJson.ts';
import type { TrainingRecord } from './record.ts';

/** A record's name: keccak256 of the canonical JSON of `{messages, source}`, without Unicode normalisation. */
export function recordId({ messages, source }: TrainingRecord): Hex {
  return hashJson({ messages, source });
}
