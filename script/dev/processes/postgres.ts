// Runs PostgreSQL until it is asked to stop.
import { join } from 'node:path';
import { ports, stateFolder } from '../config.ts';
import { startCluster } from './cluster.ts';

const cluster = await startCluster(
  join(stateFolder, 'postgres'),
  ports.postgres,
  ['graph', 'openledger', 'openledger2'],
  (text) => process.stdout.write(text),
);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => cluster.stop().then(() => process.exit(0)));
}
