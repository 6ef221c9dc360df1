import {
  dataRequestsAbi,
  evidenceProofsAbi,
  fraudProofsAbi,
  provenFault,
  type SettledEvent,
  settledEvents,
} from '@openledger/sdk';
import { type Address, decodeFunctionData, type Hash, type Hex } from 'viem';
import type { Source } from './source.ts';

/** A proof that voided a batch and those built on it. */
export type Void = {
  /** Of the batch that was proven wrong. */
  batchIndex: number;
  headerHash: Hex;
  fault: string;
  challenger: Address;
  slashed: bigint;
  transaction: Hash;
  /** What was sent to FraudProofs, EvidenceProofs or DataRequests, where it was sent directly. */
  proof: Proof | undefined;
  /** Where all of them were settled, the accused first. */
  batches: SettledEvent[];
  /** Block of the last refund. */
  clearedAt?: bigint;
};

type Proof = ReturnType<typeof decodeProof>;
type Place = { blockNumber: bigint; logIndex: number };

const isBefore = (a: Place, b: Place): boolean =>
  a.blockNumber < b.blockNumber || (a.blockNumber === b.blockNumber && a.logIndex < b.logIndex);

/** All that was ever voided of an operator, in the order of the chain. */
export async function voidsOf(source: Source, operator: Address, fromBlock: bigint): Promise<Void[]> {
  const { client, contracts } = source;
  const of = { args: { operator }, fromBlock, strict: true } as const;
  const voided = await client.getContractEvents({ ...contracts.settlement, eventName: 'BatchVoided', ...of });
  if (voided.length === 0) return [];
  const [proven, provenOfEvidence, provenWithheld, cleared] = await Promise.all([
    client.getContractEvents({ ...contracts.proofs, eventName: 'FraudProven', ...of }),
    client.getContractEvents({ ...contracts.evidenceProofs, eventName: 'FraudProven', ...of }),
    client.getContractEvents({ ...contracts.data, eventName: 'FraudProven', ...of }),
    client.getContractEvents({ ...contracts.settlement, eventName: 'VoidCleared', ...of }),
  ]);
  return Promise.all(
    voided.map(async (event): Promise<Void> => {
      const { batchIndex, lastBatchIndex, headerHash, challenger, slashed } = event.args;
      const indices = Array.from({ length: lastBatchIndex - batchIndex + 1 }, (_, offset) => batchIndex + offset);
      const [settled, transaction] = await Promise.all([
        settledEvents(source, { fromBlock, toBlock: event.blockNumber }, { operator, batchIndex: indices }),
        client.getTransaction({ hash: event.transactionHash }),
      ]);
      const batches = indices.flatMap((index) => {
        const found = settled.findLast(({ args, ...at }) => args.batchIndex === index && isBefore(at, event));
        return found ? [found] : [];
      });
      const proof = decodeProof(transaction.input);
      const named = [...proven, ...provenOfEvidence, ...provenWithheld].find(
        ({ transactionHash, args }) => transactionHash === event.transactionHash && args.batchIndex === batchIndex,
      );
      const clearedAt = cleared.find((clear) => isBefore(event, clear))?.blockNumber;
      return {
        batchIndex,
        headerHash,
        fault: provenFault(named?.args.fault),
        challenger,
        slashed,
        transaction: event.transactionHash,
        proof,
        batches,
        ...(clearedAt === undefined ? {} : { clearedAt }),
      };
    }),
  );
}

function decodeProof(input: Hex) {
  try {
    return decodeFunctionData({ abi: [...fraudProofsAbi, ...evidenceProofsAbi, ...dataRequestsAbi], data: input });
  } catch {
    return undefined; // sent through another contract
  }
}
