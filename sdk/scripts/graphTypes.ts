// Turns the subgraph's API into types for gql.tada, so that every query is checked against what the index answers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { minifyIntrospection, outputIntrospectionFile } from '@gql.tada/internal';
import { buildSchema, introspectionFromSchema } from 'graphql';

const sdl = new URL('../../subgraph/api.graphql', import.meta.url);
const output = new URL('../src/graph/graph-env.d.ts', import.meta.url);

const introspection = introspectionFromSchema(buildSchema(readFileSync(sdl, 'utf8')), { descriptions: false });
const contents = outputIntrospectionFile(minifyIntrospection(introspection), { fileType: '.d.ts', shouldPreprocess: true });
if (!existsSync(output) || readFileSync(output, 'utf8') !== contents) writeFileSync(output, contents);
