import { initGraphQLTada } from 'gql.tada';
import type { Address, Hex } from 'viem';
import type { introspection } from './graph-env.d.ts';

/** Typed documents of the subgraph. Big numbers travel as decimal strings and become bigints where they are used. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { BigInt: string; BigDecimal: string; Bytes: Hex | Address; Int8: string; Timestamp: string; ID: string };
}>();

export { type FragmentOf, type ResultOf, readFragment, type VariablesOf } from 'gql.tada';
