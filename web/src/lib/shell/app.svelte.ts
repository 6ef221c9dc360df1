import { createGraph, type Graph } from '@openledger/sdk/graph';
import { QueryClient } from '@tanstack/svelte-query';
import { createConfig, createStorage, http, type Config as WagmiConfig } from '@wagmi/core';
import { createContext } from 'svelte';
import { type Address, createPublicClient, type PublicClient } from 'viem';
import type { Config, ContractName } from '#lib/config/config.ts';
import { createGateway, type Gateway } from '#lib/gateway/gateway.ts';
import { chainOf } from '#lib/wallet/chain.ts';
import { Wallet } from '#lib/wallet/wallet.svelte.ts';
import { Names } from './names.svelte.ts';

/** Everything a page may need, made once from the configuration. */
export type App = {
  config: Config;
  chain: PublicClient;
  wagmi: WagmiConfig;
  wallet: Wallet;
  graph: Graph;
  gateway: Gateway;
  queryClient: QueryClient;
  names: Names;
  address: (name: ContractName) => Address;
  /** The last block the index has read. */
  indexHead: () => Promise<bigint>;
};

export const [useApp, provideApp] = createContext<App>();

export function createApp(config: Config): App {
  const chain = chainOf(config);
  const wagmi = createConfig({
    chains: [chain],
    multiInjectedProviderDiscovery: true,
    transports: { [chain.id]: http(config.rpcUrl) },
    pollingInterval: 1000,
    storage: createStorage({ key: 'openledger', storage: localStorage }),
  });
  const graph = createGraph(config.subgraphUrl);
  return {
    config,
    chain: createPublicClient({ chain, transport: http(config.rpcUrl), pollingInterval: 1000 }) as PublicClient,
    wagmi,
    wallet: new Wallet(wagmi, chain.id),
    graph,
    gateway: createGateway(config),
    queryClient: new QueryClient({
      defaultOptions: { queries: { staleTime: 4_000, retry: 2, refetchOnWindowFocus: true } },
    }),
    names: new Names(config),
    address: (name) => config.deployment.contracts[name],
    indexHead: () => graph.head(),
  };
}
