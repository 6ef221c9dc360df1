import type { ChainClient } from './client.ts';
import type { Contracts } from './contracts.ts';

/** Where the chain is read. */
export type Source = { client: ChainClient; contracts: Contracts };
