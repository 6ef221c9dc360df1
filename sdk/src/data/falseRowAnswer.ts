import { encodeFunctionData } from 'viem';
import { belongs } from '../evidence/rankRows.ts';
import { dataRequestsAbi } from '../generated/abis.ts';
import { int8Chunk, int8Dot, int8FromHex, int8ToHex } from '../output/int8.ts';
import { int8Tree } from '../output/int8Tree.ts';
import type { Accused, FraudProof } from '../proofs/fraudProof.ts';
import type { SumTree } from '../tree/sumTree.ts';
import { treeId } from '../tree/treeId.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { DataAnswer } from './dataAnswer.ts';

type RowAnswer = Extract<DataAnswer, { of: 'row' }>;

/** What whoever doubts an answer knows: the receipt's query, and the row, if its release publishes it. */
export type Doubt = { query: Int8Array; row?: Int8Array };

/**
 * What an operator's answer for a row proves against its batch: that the row belongs into the evidence and is not there,
 * or, where the receipt's query is known, that a chunk does not score what it states: any chunk of a published row, else
 * the one that the answer gives. Undefined where neither.
 */
export function falseRowAnswer(accused: Accused, answer: RowAnswer, doubt?: Doubt): FraudProof | undefined {
  return statedOmission(accused, answer) ?? (doubt && falseStatement(accused, answer, doubt));
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

function falseStatement(accused: Accused, answer: RowAnswer, { query, row: known }: Doubt): FraudProof | undefined {
  const { asked, by, row, partials } = answer;
  const tree = int8Tree(treeId.query, query);
  if (tree.root !== by.evidence.queryRoot) return undefined; // of another answer
  const rowTree = known && int8Tree(treeId.indexRow, known);
  const isRow = rowTree?.root === row.leaf.rowRoot;
  const chunks = isRow ? [...partials.keys()] : [asked.chunk];
  for (const chunk of chunks) {
    const given = isRow
      ? { components: int8ToHex(int8Chunk(known as Int8Array, chunk)), proof: treeProof(rowTree as SumTree, chunk) }
      : answer.chunk;
    const part = int8Chunk(query, chunk);
    const product = int8Dot(part, int8FromHex(given.components));
    if (product === partials[chunk]) continue;
    const opened = { components: int8ToHex(part), proof: treeProof(tree, chunk) };
    return {
      contract: 'DataRequests',
      fault: 'false score',
      about: `The operator states ${partials[chunk]} for chunk ${chunk} of row ${asked.position}, which scores ${product}.`,
      data: encodeFunctionData({
        abi: dataRequestsAbi,
        functionName: 'proveFalseStatement',
        args: [accused, asked, by, row, partials, chunk, opened, given],
      }),
    };
  }
  return undefined;
}

const recordsOf = ({ records }: RowAnswer['by']['evidence']) =>
  records.map((record) => ({ ...record, partials: [...record.partials] }));
