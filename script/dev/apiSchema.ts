// `npm run api-schema`: writes subgraph/api.graphql, the schema that clients query, from graph-node itself: it adds
// filters, orders and roots to subgraph/schema.graphql. Run it after a change of that one; takes half a minute.
import { writeFileSync } from 'node:fs';
import { apiSchemaFile, introspect } from '../../subgraph/script/introspect.ts';
import { runCommand } from './deployment.ts';
import { bareIndex } from './testing/bareIndex.ts';
import { ownPorts } from './testing/ownPorts.ts';

await ownPorts();
const index = await bareIndex();
try {
  await index.start();
  writeFileSync(apiSchemaFile, await introspect(index.subgraph));
  await runCommand('npx', ['biome', 'format', '--write', apiSchemaFile]);
  console.log('subgraph/api.graphql is that of subgraph/schema.graphql now.');
} finally {
  await index.stop();
}
