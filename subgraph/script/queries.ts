import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
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
  return [...text.matchAll(/^### (.+)\n```graphql\n([\s\S]*?)```/gm)].map(([, question = '', query = '']) => ({
    question,
    query,
  }));
}

/**
 * Checks each documented query: the schema that clients query must know it, and a test must run it, word for word, and
 * say what it gives.
 */
export function checkQueries(tests: SubgraphTest[]): { name: string; problem: string | undefined }[] {
  const schema = buildSchema(readFileSync(apiSchemaFile, 'utf8'));
  const run = new Set(tests.flatMap(({ assertions }) => assertions.map(({ query }) => query.trim())));
  return documentedQueries().map(({ question, query }) => {
    const problems = validate(schema, parse(query)).map(String);
    if (!run.has(query.trim())) problems.push('No test runs this query: assert it in tests/queries.json.');
    return { name: `QUERIES.md: ${question}`, problem: problems.length > 0 ? problems.join('\n') : undefined };
  });
}
