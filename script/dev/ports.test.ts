import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { requirePorts } from './ports.ts';
import { freePort } from './testing/freePort.ts';

test.each(['127.0.0.1', '0.0.0.0'])('names a port that is taken on %s and says what to do', async (host) => {
  const port = await freePort();
  await expect(requirePorts({ web: port })).resolves.toBeUndefined();
  const server = createServer();
  await new Promise<void>((done) => server.listen(port, host, done));
  await expect(requirePorts({ web: port })).rejects.toThrow(`Port ${port} (web) is taken: stop what uses it`);
  await new Promise((done) => server.close(done));
});
