import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type WatchMetrics = ReturnType<typeof openWatchMetrics>;

/** What a watch tells of itself. */
export function openWatchMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    batches: new Counter({
      name: 'openledger_watch_batches_total',
      help: 'Batches looked at: passed, failed (a fault was found), unreadable',
      labelNames: ['result'],
      registers,
    }),
    faults: new Counter({ name: 'openledger_watch_faults_total', help: 'Faults by name', labelNames: ['fault'], registers }),
    proofs: new Counter({
      name: 'openledger_watch_proofs_total',
      help: 'Proofs by fault: filed, faster (of somebody else), not filed (without a key), refused (by the chain)',
      labelNames: ['fault', 'result'],
      registers,
    }),
    bounty: new Counter({ name: 'openledger_watch_bounty_open_total', help: 'Earned by proofs, OPEN', registers }),
    refunds: new Counter({ name: 'openledger_watch_refunds_total', help: 'Refunds sent, transactions', registers }),
    receipts: new Counter({ name: 'openledger_watch_receipts_total', help: 'Receipts in batches that were checked', registers }),
    seconds: new Histogram({
      name: 'openledger_watch_batch_seconds',
      help: 'Time to recompute a batch once it was fetched',
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    }),
    waiting: new Gauge({ name: 'openledger_watch_batches_waiting', help: 'Batches seen and not yet checked', registers }),
    block: new Gauge({ name: 'openledger_watch_block', help: 'Last block whose batches were all looked at', registers }),
    head: new Gauge({ name: 'openledger_watch_head', help: 'Head of the chain', registers }),
    up: new Gauge({
      name: 'openledger_watch_source_up',
      help: 'Whether a source answered when it was last asked',
      labelNames: ['source'],
      registers,
    }),
  };
}

/** Serves them at /metrics. */
export async function serveMetrics({ registry }: WatchMetrics, port: number, host = '127.0.0.1') {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics.\n');
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
