import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type Metrics = ReturnType<typeof openMetrics>;

/** What `/metrics` shows. */
export function openMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    calls: new Counter({
      name: 'openledger_calls_total',
      help: 'Chat completions by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    tokens: new Counter({
      name: 'openledger_tokens_total',
      help: 'Tokens charged, by model',
      labelNames: ['kind', 'model'],
      registers,
    }),
    running: new Gauge({ name: 'openledger_calls_running', help: 'Chat completions in progress', registers }),
    overhead: new Histogram({
      name: 'openledger_gateway_overhead_seconds',
      help: 'Time of a call that was neither generation nor attribution',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
      registers,
    }),
    attribution: new Histogram({
      name: 'openledger_attribution_seconds',
      help: 'Time the engine took to attribute an answer',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
      registers,
    }),
    openReceipts: new Gauge({ name: 'openledger_open_receipts', help: 'Receipts not yet in a batch', registers }),
    pendingBatches: new Gauge({ name: 'openledger_pending_batches', help: 'Batches settled and not final', registers }),
    payouts: new Counter({
      name: 'openledger_payouts_total',
      help: 'Accounts paid out because they asked for it',
      registers,
    }),
    dataRequests: new Counter({
      name: 'openledger_data_requests_total',
      help: 'Requests on chain for data of a batch: answered, late',
      labelNames: ['outcome'],
      registers,
    }),
    requests: new Counter({
      name: 'openledger_requests_total',
      help: 'Requests on chain that this operator was asked, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    voidedBatches: new Counter({
      name: 'openledger_voided_batches_total',
      help: 'Own batches that a proof made void, by the fault that was proven: any of these asks for a person',
      labelNames: ['fault'],
      registers,
    }),
    refusedBatches: new Counter({
      name: 'openledger_refused_batches_total',
      help: 'Own batches that failed the check before they are settled: any of these asks for a person',
      registers,
    }),
    closedChannels: new Gauge({
      name: 'openledger_closed_channels',
      help: 'Channels with a receipt that cannot be settled: they take no more calls',
      registers,
    }),
  };
}
