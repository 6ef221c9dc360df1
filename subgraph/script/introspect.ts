// Writes the schema that clients query (graph-node adds filters, orders and roots to schema.graphql) from a running
// indexer, for typed queries in the web app:
//
//   node script/introspect.ts --url http://127.0.0.1:8000/subgraphs/name/subgraph-0
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql';
import { subgraphFolder } from './manifest.ts';

export const apiSchemaFile = join(subgraphFolder, 'api.graphql');

/** The schema that `url` answers to, in a stable order. */
export async function introspect(url: string): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  });
  const { data } = (await response.json()) as { data?: IntrospectionQuery };
  if (!data) throw new Error(`There is no subgraph at ${url}: start the stack, or name another URL with --url.`);
  const sdl = printSchema(lexicographicSortSchema(buildClientSchema(data)));
  return `# Written by script/introspect.ts from a running indexer. Do not edit.\n\n${sdl}\n`;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { url: { type: 'string' }, check: { type: 'boolean' } } });
  const url = values.url ?? process.env.OPENLEDGER_SUBGRAPH_URL ?? 'http://127.0.0.1:8000/subgraphs/name/subgraph-0';
  const sdl = await introspect(url);
  if (!values.check) writeFileSync(apiSchemaFile, sdl);
  else if (readFileSync(apiSchemaFile, 'utf8') !== sdl) {
    console.error('subgraph/api.graphql is stale: run `node subgraph/script/introspect.ts` against the running stack.');
    process.exitCode = 1;
  }
}
