import { type Address, encodeAbiParameters, type Hex, stringToHex } from 'viem';
import { z } from 'zod';
import { hashJson } from '../schema/hashJson.ts';
import { keccak } from '../schema/keccak.ts';
import { addressSchema, amountSchema, bpsSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';
import { type Commitment, zeroHash } from '../tree/nodes.ts';

/** Commitment to a sum tree: root, leaves (sentinels included), sums. */
export const treeSchema = z.strictObject({
  root: bytes32Schema,
  count: uint32Schema,
  amount: amountSchema,
  weight: amountSchema,
});

/** Everything of a batch but the rewards tree and the time, which the contract adds. */
export const batchBodySchema = z.strictObject({
  operator: addressSchema,
  batchIndex: uint32Schema,
  previousHash: bytes32Schema,
  receipts: treeSchema,
  allocations: treeSchema,
  protocolFee: amountSchema,
  feeVersion: uint32Schema,
  dayIndex: uint32Schema,
  parametersHash: bytes32Schema,
  channelsHash: bytes32Schema,
  dataHash: bytes32Schema,
});

export const batchHeaderSchema = z.strictObject({ body: batchBodySchema, rewards: treeSchema, settledAt: z.int().min(0) });

export type BatchBody = z.infer<typeof batchBodySchema>;
export type BatchHeader = z.infer<typeof batchHeaderSchema>;

const treeComponents = [
  { name: 'root', type: 'bytes32' },
  { name: 'count', type: 'uint32' },
  { name: 'amount', type: 'uint96' },
  { name: 'weight', type: 'uint96' },
] as const;

const bodyParameters = [
  {
    type: 'tuple',
    components: [
      { name: 'operator', type: 'address' },
      { name: 'batchIndex', type: 'uint32' },
      { name: 'previousHash', type: 'bytes32' },
      { name: 'receipts', type: 'tuple', components: treeComponents },
      { name: 'allocations', type: 'tuple', components: treeComponents },
      { name: 'protocolFee', type: 'uint96' },
      { name: 'feeVersion', type: 'uint32' },
      { name: 'dayIndex', type: 'uint32' },
      { name: 'parametersHash', type: 'bytes32' },
      { name: 'channelsHash', type: 'bytes32' },
      { name: 'dataHash', type: 'bytes32' },
    ],
  },
] as const;

const headerParameters = [{ type: 'bytes32' }, { type: 'bytes32' }, { type: 'uint64' }] as const;

export const emptyTree: Commitment = { root: zeroHash, count: 0, amount: 0n, weight: 0n };

export function bodyHash(body: BatchBody): Hex {
  return keccak(encodeAbiParameters(bodyParameters, [body]));
}

export function rewardsHash(rewards: Commitment): Hex {
  return keccak(encodeAbiParameters([{ type: 'tuple', components: treeComponents }], [rewards]));
}

/** What the chain stores of a batch. */
export function headerHash({ body, rewards, settledAt }: BatchHeader): Hex {
  return keccak(encodeAbiParameters(headerParameters, [bodyHash(body), rewardsHash(rewards), BigInt(settledAt)]));
}

/** What a batch froze: numbers its allocations were computed with. */
export const batchParametersSchema = z.strictObject({
  reputation: z.record(addressSchema, z.int().min(5_000).max(10_000)),
  channelWeights: z.strictObject({ influence: bpsSchema, verbatim: bpsSchema, retrieval: bpsSchema }),
  poolSizes: z.array(z.strictObject({ datanetId: uint32Schema, pool: addressSchema, size: uint32Schema })),
  contributorCapBps: z.int().min(0).max(10_000),
  burnBps: z.int().min(0).max(10_000),
  /** Lower bound of each release's measured fidelity, bps; a release that is absent was not measured. */
  fidelity: z.record(bytes32Schema, bpsSchema),
  fidelityFloorBps: bpsSchema,
});

export type BatchParameters = z.infer<typeof batchParametersSchema>;

export function parametersHash(parameters: BatchParameters): Hex {
  return hashJson(parameters);
}

/** `dataCommitment` of a batch file on IPFS, as the bytes that `settle` takes. */
export function dataCommitment(cid: string): Hex {
  return stringToHex(`ipfs://${cid}`);
}

/** Key of an account in tree 3. */
export function rewardKey(account: Address): bigint {
  return BigInt(account) << 96n;
}

/** Key of an allocation in tree 2; `position` is that of its receipt among the batch's receipts, from 0. */
export function allocationKey(account: Address, position: number): bigint {
  return (BigInt(account) << 96n) | BigInt(position);
}
