import { createServer } from 'node:net';

const free = (port: number) =>
  new Promise<boolean>((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });

/** Throws one sentence when a port that is needed is taken. */
export async function requirePorts(wanted: Record<string, number>): Promise<void> {
  for (const [name, port] of Object.entries(wanted)) {
    if (!(await free(port))) {
      throw new Error(
        `Port ${port} (${name}) is taken: stop what uses it (\`ss -ltnp | grep ${port}\` shows it), or shift all ports with OPENLEDGER_PORT_OFFSET=1000 npm start.`,
      );
    }
  }
}
