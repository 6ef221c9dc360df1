import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../access.ts';
import { startCluster } from '../processes/cluster.ts';
import { freePort } from './freePort.ts';

/** A PostgreSQL server of one's own for a test, empty but for a database `openledger`. */
export async function startPostgres(databases: string[] = ['openledger']) {
  const folder = temporaryFolder('postgres');
  const port = await freePort();
  const cluster = await startCluster(join(folder, 'data'), port, databases, () => {});
  const server = `postgres://openledger:openledger@127.0.0.1:${port}`;
  return {
    url: `${server}/${databases[0]}`,
    urlOf: (database: string) => `${server}/${database}`,
    stop: async () => {
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
