import {
  type BatchFacts,
  type BatchFile,
  channelId,
  contractErrorOf,
  type Deployment,
  quotedRows,
  readFidelities,
  unpackChannelEntries,
} from '@openledger/sdk';
import { type Address, type Hex, zeroAddress } from 'viem';
import type { ChainClient } from '../chain/client.ts';
import type { Contracts } from '../chain/contracts.ts';
import type { Ipfs } from '../ipfs/client.ts';
import { openReleaseFacts } from './releaseFacts.ts';

type Source = { client: ChainClient; contracts: Contracts; ipfs: Ipfs; deployment: Deployment };

/** Reads what a batch is recomputed from, settled or not: fee version, releases, pools. */
export function openBatchFacts({ client, contracts, ipfs, deployment }: Source) {
  const releaseFacts = openReleaseFacts({ client, contracts, ipfs, deployment, startBlock: BigInt(deployment.startBlock) });

  /** The file names the datanets: one that the chain does not have has no pool. */
  async function poolOf(datanetId: number): Promise<Address> {
    try {
      const call = { ...contracts.datanets, functionName: 'datanet', args: [datanetId] } as const;
      return (await client.readContract(call)).pool;
    } catch (error) {
      if (contractErrorOf(error)) return zeroAddress;
      throw error;
    }
  }

  return async function batchFacts(
    { receipts, parameters }: Pick<BatchFile, 'receipts' | 'parameters'>,
    feeVersion: number,
    channels: Hex,
  ): Promise<Omit<BatchFacts, 'sequences'>> {
    const wanted = new Map<Hex, Set<number>>();
    const want = (hash: Hex): Set<number> => {
      const versions = wanted.get(hash) ?? new Set<number>();
      wanted.set(hash, versions);
      return versions;
    };
    for (const { composition, evidence } of receipts) {
      for (const { releaseHash, termsVersion } of composition) want(releaseHash).add(termsVersion);
      for (const { releaseHash } of quotedRows(evidence)) want(releaseHash);
    }
    const datanets = [...new Set(parameters.poolSizes.map(({ datanetId }) => datanetId))];
    const [policy, releases, fidelities, pools, firstDay] = await Promise.all([
      client.readContract({ ...contracts.fees, functionName: 'fee', args: [feeVersion] }),
      releaseFacts(wanted),
      readFidelities(client, contracts.fidelity.address, [...wanted.keys()]),
      Promise.all(datanets.map(poolOf)),
      client.readContract({ ...contracts.settlement, functionName: 'firstDay' }),
    ]);
    return {
      channels,
      policy,
      releases,
      fidelities,
      pools: new Map(datanets.map((id, index) => [id, pools[index] as Address])),
      firstDay,
    };
  };
}

/** Sequence of each channel of a packed list at a block, or now. */
export async function channelSequences(
  { client, contracts }: Pick<Source, 'client' | 'contracts'>,
  operator: Address,
  channels: Hex,
  blockNumber?: bigint,
): Promise<Map<Hex, number>> {
  const ids = unpackChannelEntries(channels).map((entry) => channelId({ ...entry, operator }));
  const at = blockNumber === undefined ? {} : { blockNumber };
  const states = await Promise.all(
    ids.map((id) => client.readContract({ ...contracts.escrow, functionName: 'channel', args: [id], ...at })),
  );
  return new Map(ids.map((id, index) => [id, states[index]?.sequence ?? 0]));
}
