// The subgraph's typed client, apart from the rest: whoever only signs and verifies needs no GraphQL.
export * from './callsQuery.ts';
export * from './concentrationOf.ts';
export * from './createGraph.ts';
export * from './graphql.ts';
export * from './linkOf.ts';
export * from './readAll.ts';
export * from './readCalls.ts';
