import { createServer } from 'node:net';

/** Where the processes listen when OPENLEDGER_PORT_OFFSET is 0. */
export const defaultPorts = {
  chain: 8545,
  postgres: 5433,
  ipfs: 5001,
  indexer: 8000,
  indexerAdmin: 8020,
  indexerStatus: 8030,
  indexerMetrics: 8040,
  engine: 8100,
  oracle: 8200,
  oracle2: 8201,
  web: 3000,
};

/** Whether nobody listens on that port of the loopback interface. */
export const isFree = (port: number) =>
  new Promise<boolean>((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });

/** Throws one sentence when a port that is needed is taken. */
export async function requirePorts(wanted: Record<string, number>): Promise<void> {
  for (const [name, port] of Object.entries(wanted)) {
    if (!(await isFree(port))) {
      throw new Error(
        `Port ${port} (${name}) is taken: stop what uses it (\`ss -ltnp | grep ${port}\` shows it), or shift all ports with OPENLEDGER_PORT_OFFSET=1000 npm start.`,
      );
    }
  }
}
