import {
  type ContractFunctionArgs,
  concatHex,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  numberToHex,
  stringToHex,
} from 'viem';
import type { Evidence } from '../evidence/evidence.ts';
import { evidenceProofsAbi } from '../generated/abis.ts';
import { outputHash, outputTree } from '../output/outputHash.ts';
import { recordTokensTree } from '../output/recordTokensTree.ts';
import { tokenChunks, tokensPerChunk } from '../output/tokenChunks.ts';
import type { IndexLeaf } from '../release/release.ts';
import { keccak } from '../schema/keccak.ts';
import { zeroHash } from '../tree/nodes.ts';
import { treeProof } from '../tree/treeProof.ts';
import type { Case, FraudProof, Held, HeldAnswer } from './fraudProof.ts';
import { noRow, type OpenedReceipt, type OpenedRow, openEvidence, openRow } from './openEvidence.ts';

type Arguments = ContractFunctionArgs<typeof evidenceProofsAbi, 'nonpayable', 'proveFalseSpan'>;
type Span = Evidence['spans'][number];
type Source = Span['sources'][number];
type Found = { offset: number; row: OpenedRow; output: Arguments[4]; tokens: Arguments[5]; about: string };

/** Where the fault shows without the answer's and the record's tokens. */
const noOutput: Arguments[4] = { textHash: zeroHash, root: zeroHash, salt: zeroHash, tokens: '0x', proof: '0x' };
const noTokens: Arguments[5] = { chunk: 0, chunks: 0, total: 0n, tokens: '0x', proof: '0x' };

/**
 * A span that lies beyond the answer or names what the index does not have; or, where the payer's answer and the record's
 * tokens are given, one whose tokens are not the record's.
 */
export function falseSpan(given: Case): FraudProof | undefined {
  for (const one of openEvidence(given)) {
    for (const [at, span] of one.item.evidence.spans.entries()) {
      for (const [source, named] of span.sources.entries()) {
        const found = faultIn(one, span, named, given.held);
        if (!found) continue;
        const { receipt } = one.item;
        return {
          contract: 'EvidenceProofs',
          fault: 'false span',
          about: `Receipt ${receipt.sequence} of channel ${receipt.channel} quotes record ${named.recordId} in span ${at}, ${found.about}.`,
          data: encodeFunctionData({
            abi: evidenceProofsAbi,
            functionName: 'proveFalseSpan',
            args: [
              given.accused,
              one.opened,
              { span: BigInt(at), source: BigInt(source), offset: found.offset },
              found.row,
              found.output,
              found.tokens,
            ],
          }),
        };
      }
    }
  }
  return undefined;
}

function faultIn(one: OpenedReceipt, span: Span, source: Source, held: Held | undefined): Found | undefined {
  const { item, known, opened, releaseHash } = one;
  const shown = { offset: 0, row: noRow, output: noOutput, tokens: noTokens };
  if (span.length === 0 || span.start + span.length > item.receipt.completionTokens)
    return { ...shown, about: 'beyond the answer' };
  const isMissing = source.releaseHash !== releaseHash || source.position >= opened.release.indexRows;
  if (isMissing) return { ...shown, about: 'which the index does not have' };
  const row = known.index && openRow(known.index, source.position);
  if (!row) return undefined;
  if (!isQuoted(source, row.leaf)) return { ...shown, row, about: 'which is not what the index says' };
  const answer = held?.answers.get(item.receipt.outputHash);
  const recorded = held?.tokens.get(row.leaf.tokensRoot);
  if (!answer || !recorded?.length || !opens(answer, item.receipt)) return undefined;
  for (let offset = 0; offset < span.length; offset += 1) {
    const [said, place] = [answer.tokenIds[span.start + offset], source.offset + offset];
    if (said === recorded[place]) continue;
    const output = openOutput(answer, span.start + offset);
    return { offset, row, output, tokens: openTokens(recorded, place), about: 'which has other tokens there' };
  }
  return undefined;
}

const opens = ({ salt, answer, tokenIds }: HeldAnswer, bound: OpenedReceipt['item']['receipt']): boolean =>
  tokenIds.length === bound.completionTokens && outputHash(salt, answer, tokenIds) === bound.outputHash;

function isQuoted(source: Source, leaf: IndexLeaf): boolean {
  return (
    leaf.recordId === source.recordId && leaf.cluster === source.cluster && isAddressEqual(leaf.contributor, source.contributor)
  );
}

/** The chunk of the answer that a token lies in. */
function openOutput({ salt, answer, tokenIds }: HeldAnswer, at: number): Arguments[4] {
  const tree = outputTree(salt, tokenIds);
  const chunk = Math.floor(at / tokensPerChunk);
  return {
    textHash: keccak(concatHex([salt, stringToHex(answer)])),
    root: tree.root,
    salt: keccak(concatHex([salt, numberToHex(chunk, { size: 4 })])),
    tokens: bytesOf(tokenIds, chunk),
    proof: treeProof(tree, chunk),
  };
}

/** The chunk of a record that a token lies in; the last one, where the record ends before. */
function openTokens(recorded: readonly number[], at: number): Arguments[5] {
  const tree = recordTokensTree(recorded);
  const chunk = Math.min(Math.floor(at / tokensPerChunk), tree.count - 1);
  return {
    chunk,
    chunks: tree.count,
    total: tree.amount,
    tokens: bytesOf(recorded, chunk),
    proof: treeProof(tree, chunk),
  };
}

const bytesOf = (tokens: readonly number[], chunk: number): Hex => tokenChunks(tokens)[chunk]?.bytes ?? '0x';
