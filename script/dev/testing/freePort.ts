import { createServer } from 'node:net';
import { defaultPorts, isFree } from '../ports.ts';

/** A port of the loopback interface that nobody listens on right now. */
export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? done(address.port) : failed(new Error('no port'))));
    });
  });
}

/** A shift of all the stack's ports at which none of them is taken right now. */
export async function freeOffset(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const offset = 12_000 + Math.floor(Math.random() * 12_000); // below the ports that the system gives to clients
    const free = await Promise.all(Object.values(defaultPorts).map((port) => isFree(port + offset)));
    if (!free.includes(false)) return offset;
  }
  throw new Error('No shift of the ports was found at which all of them are free.');
}
