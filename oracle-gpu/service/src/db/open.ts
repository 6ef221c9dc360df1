import { resolve } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { Log } from '../log.ts';
import * as schema from './schema.ts';

const migrations = resolve(import.meta.dirname, '../../drizzle');

/** Says whether this connection now holds what only one service may: no other one works on the database then. */
export const serviceLock = "SELECT pg_try_advisory_lock(hashtext('openledger service')) AS held";

export type Database = Awaited<ReturnType<typeof openDatabase>>['db'];
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/**
 * Connects, waits until no other service works on this database (a session lock that dies with its holder),
 * and brings the tables up to date.
 * @param ifHeld by another service; refused with a sentence instead of waiting
 */
export async function openDatabase(url: string, log: Log, ifHeld: 'wait' | 'refuse' = 'wait') {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  pool.on('error', (error) => log.warn({ reason: error.message }, 'a database connection was lost'));
  // The pool listens to idle connections only: one that breaks in the middle of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const lock = new pg.Client({ connectionString: url });
  lock.on('error', (error) => {
    log.fatal({ reason: error.message }, 'the database connection that holds the lock was lost');
    process.exitCode = 1;
    setImmediate(() => process.kill(process.pid, 'SIGTERM'));
  });
  await lock.connect();
  for (let waited = false; ; waited = true) {
    const { rows } = await lock.query<{ held: boolean }>(serviceLock);
    if (rows[0]?.held) break;
    if (ifHeld === 'refuse') {
      await Promise.all([lock.end(), pool.end()]);
      throw new Error('its service is running; stop it first.');
    }
    if (!waited) log.info('another service holds this database; waiting until it ends');
    await new Promise((done) => setTimeout(done, 500));
  }
  const db = drizzle({ client: pool, schema });
  await migrate(db, { migrationsFolder: migrations });
  return {
    db,
    close: async () => {
      lock.removeAllListeners('error');
      lock.on('error', () => undefined);
      await lock.end();
      await pool.end();
    },
  };
}

/** Reads beside the service that holds the database: no lock, no change of tables, no write. */
export function readDatabase(url: string) {
  const pool = new pg.Pool({ connectionString: url, max: 4, options: '-c default_transaction_read_only=on' });
  return { db: drizzle({ client: pool, schema }), close: () => pool.end() };
}
