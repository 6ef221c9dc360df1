import { encodeFunctionData } from 'viem';
import { belongs } from '../evidence/rankRows.ts';
import { dataRequestsAbi } from '../generated/abis.ts';
import { int8Chunk, int8Dot, int8FromHex, int8ToHex } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import type { Accused, FraudProof } from '../proofs/fraudProof.ts';
import { treeId } from '../tree/treeId.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { DataAnswer } from './dataAnswer.ts';

type RowAnswer = Extract<DataAnswer, { of: 'row' }>;

/**
 * What an operator's answer for a row proves against its batch: that the row belongs into the evidence and is not there,
 * or, where the receipt's query is known, that the chunk it gave does not score what it states. Undefined where neither.
 */
export function falseRowAnswer(accused: Accused, answer: RowAnswer, query?: Int8Array): FraudProof | undefined {
  return statedOmission(accused, answer) ?? (query && falseStatement(accused, answer, query));
}

function statedOmission(accused: Accused, { asked, by, row, partials }: RowAnswer): FraudProof | undefined {
  const score = partials.reduce((sum, partial) => sum + partial, 0);
  if (score <= by.release.nullThreshold || !belongs(recordsOf(by.evidence), row.leaf, score)) return undefined;
  return {
    contract: 'DataRequests',
    fault: 'omitted record',
    about: `The operator states that record ${row.leaf.recordId} scores ${score}, and its receipt leaves it out.`,
    data: encodeFunctionData({
      abi: dataRequestsAbi,
      functionName: 'proveStatedOmission',
      args: [accused, asked, by, row, partials],
    }),
  };
}

function falseStatement(
  accused: Accused,
  { asked, by, row, chunk, partials }: RowAnswer,
  query: Int8Array,
): FraudProof | undefined {
  const tree = int8Tree(treeId.query, query);
  if (tree.root !== by.evidence.queryRoot) return undefined; // of another answer
  const part = int8Chunk(query, asked.chunk);
  const product = int8Dot(part, int8FromHex(chunk.components));
  if (product === partials[asked.chunk]) return undefined;
  const opened = { components: int8ToHex(part), proof: treeProof(tree, asked.chunk) };
  return {
    contract: 'DataRequests',
    fault: 'false score',
    about: `The operator states ${partials[asked.chunk]} for chunk ${asked.chunk} of row ${asked.position}, which scores ${product}.`,
    data: encodeFunctionData({
      abi: dataRequestsAbi,
      functionName: 'proveFalseStatement',
      args: [accused, asked, by, row, partials, asked.chunk, opened, chunk],
    }),
  };
}

const recordsOf = ({ records }: RowAnswer['by']['evidence']) =>
  records.map((record) => ({ ...record, partials: [...record.partials] }));
