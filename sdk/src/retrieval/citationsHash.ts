import type { Hex } from 'viem';
import { hashJson } from '../schema/hashJson.ts';
import type { Retrieval } from './source.ts';

/** What the trace of a receipt binds of an answer's marks: keccak of the RFC 8785 JSON of citations and unsupported parts. */
export function citationsHash({ citations, unsupported }: Pick<Retrieval, 'citations' | 'unsupported'>): Hex {
  return hashJson({ citations, unsupported });
}
