import type { TadaDocumentNode } from 'gql.tada';
import { print } from 'graphql';
import { GraphQLClient } from 'graphql-request';
import { graphql } from './graphql.ts';

export type Graph = {
  /** Asks the subgraph. Rejects when it cannot be reached or does not understand. */
  read: <Result, Variables extends Record<string, unknown>>(
    document: TadaDocumentNode<Result, Variables>,
    ...variables: Record<string, never> extends Variables ? [Variables?] : [Variables]
  ) => Promise<Result>;
  /** Number of the last block that the subgraph has read. */
  head: () => Promise<bigint>;
};

const headQuery = graphql(`
  query Head {
    _meta {
      block {
        number
      }
    }
  }
`);

export function createGraph(url: string): Graph {
  const client = new GraphQLClient(url);
  const read: Graph['read'] = (document, ...variables) => client.request(print(document), variables[0] ?? {});
  return {
    read,
    head: async () => BigInt((await read(headQuery))._meta?.block.number ?? 0),
  };
}
