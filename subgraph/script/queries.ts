import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type GraphQLSchema, isObjectType, parse, print, validate } from 'graphql';
import type { SubgraphTest } from './coverage.ts';
import { apiSchemaFile } from './introspect.ts';
import { subgraphFolder } from './manifest.ts';

export interface DocumentedQuery {
  /** The question it answers: the heading above it. */
  question: string;
  query: string;
}

/** The queries of QUERIES.md, each under its question. */
export function documentedQueries(): DocumentedQuery[] {
  const text = readFileSync(join(subgraphFolder, 'QUERIES.md'), 'utf8');
  const found = [...text.matchAll(/^### (.+)\n+```graphql\n([\s\S]*?)```/gm)].map(([, question = '', query = '']) => ({
    question,
    query,
  }));
  if (found.length === 0) throw new Error('QUERIES.md holds no query under a heading: write `### Question` and a graphql block.');
  return found;
}

/** A query without what does not matter: white space and comments. */
const normal = (query: string): string => print(parse(query));

/** Fields of schema.graphql that the API schema lacks or types otherwise: then it is stale. */
function staleFields(api: GraphQLSchema): string[] {
  const schema = parse(readFileSync(join(subgraphFolder, 'schema.graphql'), 'utf8'));
  return schema.definitions.flatMap((definition) => {
    if (definition.kind !== 'ObjectTypeDefinition') return [];
    const type = api.getType(definition.name.value);
    const known = isObjectType(type) ? type.getFields() : {};
    return (definition.fields ?? [])
      .filter((field) => String(known[field.name.value]?.type) !== print(field.type))
      .map((field) => `${definition.name.value}.${field.name.value}`);
  });
}

/** Checks that api.graphql is that of schema.graphql. */
export function checkApiSchema(): { name: string; problem: string | undefined } {
  const stale = staleFields(buildSchema(readFileSync(apiSchemaFile, 'utf8')));
  const problem = `Stale: ${stale.join(', ')}. Run \`node subgraph/script/introspect.ts\` against a running stack.`;
  return { name: 'api.graphql holds every field of schema.graphql', problem: stale.length > 0 ? problem : undefined };
}

/**
 * Checks each documented query: the schema that clients query must know it, and a test must run it and say
 * what it gives.
 */
export function checkQueries(tests: SubgraphTest[]): { name: string; problem: string | undefined }[] {
  const schema = buildSchema(readFileSync(apiSchemaFile, 'utf8'));
  const run = new Set(tests.flatMap(({ assertions }) => assertions.map(({ query }) => normal(query))));
  return documentedQueries().map(({ question, query }) => {
    const problems = validate(schema, parse(query)).map(String);
    if (!run.has(normal(query))) problems.push('No test runs this query: assert it in tests/queries.json.');
    return { name: `QUERIES.md: ${question}`, problem: problems.length > 0 ? problems.join('\n') : undefined };
  });
}
