import type { Facts } from './chain/facts.ts';
import type { Fidelities } from './chain/fidelity.ts';
import type { Chain } from './chain/open.ts';
import type { Outbox } from './chain/outbox.ts';
import type { Config } from './config.ts';
import type { Database } from './db/open.ts';
import type { Engine } from './engine/client.ts';
import type { createCharges } from './gateway/charges.ts';
import type { Ipfs } from './ipfs/client.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { SignReceipt } from './receipts/signer.ts';
import type { Releases } from './releases.ts';
import type { Shelves } from './retrieval/shelves.ts';
import type { Routes } from './routing/routes.ts';
import type { Book } from './sessions/book.ts';
import type { ClosedChannels } from './settlement/leaveOut.ts';

/** What every part of the service works with. */
export type Context = {
  config: Config;
  log: Log;
  db: Database;
  chain: Chain;
  book: Book;
  signReceipt: SignReceipt;
  charge: ReturnType<typeof createCharges>;
  facts: Facts;
  fidelities: Fidelities;
  outbox: Outbox;
  ipfs: Ipfs;
  engine: Engine;
  metrics: Metrics;
  releases: Releases;
  closed: ClosedChannels;
  shelves: Shelves;
  routes: Routes;
};

/** Seconds since 1970. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}
