import { type ContractFunctionArgs, decodeFunctionData, encodeFunctionData, type Hex, stringToHex } from 'viem';
import { dataRequestsAbi } from '../generated/abis.ts';
import { accuse } from '../proofs/fraudProof.ts';
import type { OpenedBatch } from '../proofs/openBatch.ts';
import { type Opening, openLeaf } from '../proofs/opening.ts';
import { canonicalJson } from '../schema/canonicalJson.ts';
import { parametersHash } from '../settlement/batch.ts';
import { receiptHash, receiptTypes } from '../settlement/receipt.ts';
import { zeroHash } from '../tree/nodes.ts';
import type { SumTree } from '../tree/sumTree.ts';
import { askedTree, type LeavesAsked } from './leavesAsked.ts';
import type { RowAsked } from './rowAsked.ts';

type Arguments<N extends 'answerLeaves' | 'answerReceipt' | 'answerRow'> = ContractFunctionArgs<
  typeof dataRequestsAbi,
  'nonpayable',
  N
>;

/** What a leaf of the receipts is the hash of, and what the receipt's own hashes are taken over. */
export type DisclosedReceipt = Arguments<'answerReceipt'>[3];

/** What opens the hashes of a request for a row, the row's place in its index, and a chunk of it. */
export type ScoredBy = Arguments<'answerRow'>[2];
type OpenedRow = Arguments<'answerRow'>[3];
type OpenedComponents = Arguments<'answerRow'>[4];

/** What an operator published on chain for a request. */
export type DataAnswer =
  | { of: 'leaves'; asked: LeavesAsked; leaves: readonly Opening[] }
  | { of: 'receipt'; asked: LeavesAsked; leaf: Opening; disclosed: DisclosedReceipt }
  | { of: 'parameters'; asked: LeavesAsked; parameters: Hex }
  | { of: 'row'; asked: RowAsked; by: ScoredBy; row: OpenedRow; chunk: OpenedComponents; partials: readonly number[] };

type Answerable = Pick<OpenedBatch, 'file' | 'header' | 'receipts' | 'receiptsTree' | 'allocationsTree' | 'rewardsTree'>;

/** The transaction to DataRequests that answers a request; undefined where the batch's file does not open what is asked. */
export function dataAnswer(batch: Answerable, asked: LeavesAsked): Hex | undefined {
  if (asked.tree === askedTree.parameters) return parametersAnswer(batch, asked);
  if (asked.tree === askedTree.receipts) return receiptAnswer(batch, asked);
  const { header } = accuse(batch.header, []);
  const tree = treeAsked(batch, asked);
  if (!tree || asked.from + asked.count > tree.count) return undefined;
  const leaves = Array.from({ length: asked.count }, (_, offset) => openLeaf(tree, asked.from + offset));
  return encodeFunctionData({ abi: dataRequestsAbi, functionName: 'answerLeaves', args: [header, asked, leaves] });
}

/** Reads the calldata of an answer back; undefined where it is none. */
export function readDataAnswer(data: Hex): DataAnswer | undefined {
  const call = decode(data);
  if (call?.functionName === 'answerLeaves') return { of: 'leaves', asked: call.args[1], leaves: call.args[2] };
  if (call?.functionName === 'answerReceipt')
    return { of: 'receipt', asked: call.args[1], leaf: call.args[2], disclosed: call.args[3] };
  if (call?.functionName === 'answerParameters') return { of: 'parameters', asked: call.args[1], parameters: call.args[2] };
  if (call?.functionName === 'answerRow') {
    const [, asked, by, row, chunk, partials] = call.args;
    return { of: 'row', asked, by, row, chunk, partials };
  }
  return undefined;
}

function treeAsked({ allocationsTree, rewardsTree }: Answerable, { tree }: LeavesAsked): SumTree | undefined {
  if (tree === askedTree.allocations) return allocationsTree;
  return tree === askedTree.rewards ? rewardsTree : undefined;
}

function parametersAnswer({ file, header }: Answerable, asked: LeavesAsked): Hex | undefined {
  if (parametersHash(file.parameters) !== header.body.parametersHash) return undefined;
  const parameters = stringToHex(canonicalJson(file.parameters));
  return encodeFunctionData({
    abi: dataRequestsAbi,
    functionName: 'answerParameters',
    args: [accuse(header, []).header, asked, parameters],
  });
}

function receiptAnswer({ header, receipts, receiptsTree }: Answerable, asked: LeavesAsked): Hex | undefined {
  if (!receiptsTree || asked.from >= receiptsTree.count) return undefined;
  const leaf = openLeaf(receiptsTree, asked.from);
  const isSentinel = asked.from === 0 || asked.from === receiptsTree.count - 1;
  const disclosed = isSentinel ? nothing : receipts[asked.from - 1];
  if (!disclosed || (!isSentinel && receiptHash(disclosed.receipt) !== leaf.data)) return undefined;
  const { receipt, composition, evidence, allocations } = disclosed;
  return encodeFunctionData({
    abi: dataRequestsAbi,
    functionName: 'answerReceipt',
    args: [accuse(header, []).header, asked, leaf, { receipt, composition, evidence, allocations }],
  });
}

const zeroOf = { bytes32: zeroHash, uint32: 0, uint96: 0n } as const;
/** What is given with a sentinel, which is no receipt's: the contract does not look at it. */
const nothing: DisclosedReceipt = {
  receipt: Object.fromEntries(receiptTypes.Receipt.map(({ name, type }) => [name, zeroOf[type]])) as DisclosedReceipt['receipt'],
  composition: [],
  evidence: { queryRoot: zeroHash, nullThreshold: 0, records: [], spans: [], passages: [], parents: [] },
  allocations: [],
};

function decode(data: Hex) {
  try {
    return decodeFunctionData({ abi: dataRequestsAbi, data });
  } catch {
    return undefined; // another contract's function
  }
}
