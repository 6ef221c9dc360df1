import { type Chain, defineChain } from 'viem';
import type { Config } from '#lib/config/config.ts';

/** The chain of this deployment, as wallets want it described. Gas is ETH. */
export function chainOf(config: Config): Chain {
  return defineChain({
    id: config.chainId,
    name: config.chainName,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [config.rpcUrl] } },
    ...(config.explorerUrl ? { blockExplorers: { default: { name: 'Explorer', url: config.explorerUrl } } } : {}),
  });
}
