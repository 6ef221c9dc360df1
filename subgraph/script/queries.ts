import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
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
  return [...text.matchAll(/^### (.+)\n[\s\S]*?```graphql\n([\s\S]*?)```/gm)].map(([, question = '', query = '']) => ({
    question,
    query,
  }));
}

/** Checks each documented query against the schema that clients query. */
export function checkQueries(): { name: string; problem: string | undefined }[] {
  const schema = buildSchema(readFileSync(apiSchemaFile, 'utf8'));
  return documentedQueries().map(({ question, query }) => {
    const errors = validate(schema, parse(query));
    return { name: `QUERIES.md: ${question}`, problem: errors.length > 0 ? errors.map(String).join('\n') : undefined };
  });
}
