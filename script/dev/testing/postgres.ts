import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from '../processes/cluster.ts';
import { freePort } from './freePort.ts';

/** A PostgreSQL server of one's own for a test, empty but for a database `openledger`. */
export async function startPostgres(databases: string[] = ['openledger']) {
  const folder = await mkdtemp(join(tmpdir(), 'openledger-postgres-'));
  await chmod(folder, 0o755); // as root the server runs as another user, who must get through
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
