import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ChainProxy = Awaited<ReturnType<typeof startChainProxy>>;
export type Moment = { method: string; when: 'before' | 'after'; act: (body: string) => Promise<void> };

/**
 * Stands between the service and the node, so that a test can act at the very moment a call passes: `before` it
 * reaches the node (which then never sees it), or `after` the node took it (and the service never hears).
 */
export async function startChainProxy(target: string) {
  let moment: Moment | undefined;
  const server = createServer(async (incoming, outgoing) => {
    const body = await read(incoming);
    const due = moment && body.includes(`"${moment.method}"`) ? moment : undefined;
    if (due?.when === 'before') {
      moment = undefined;
      await due.act(body);
      outgoing.destroy();
      return;
    }
    const forwarded = request(target, { method: 'POST', headers: { 'content-type': 'application/json' } }, async (answer) => {
      const text = await read(answer);
      if (due) {
        moment = undefined;
        await due.act(body);
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 500, { 'content-type': 'application/json' });
      outgoing.end(text);
    });
    forwarded.on('error', () => outgoing.destroy());
    forwarded.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Does something once, when the next call of that method passes. */
    at: (next: Moment): void => {
      moment = next;
    },
    stop: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(stream: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}
