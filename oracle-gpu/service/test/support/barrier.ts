import pg from 'pg';
import { until } from './until.ts';

/** A change of a row at whose commit the service is to be stopped. */
export type Transition = { table: string; on: 'INSERT' | 'UPDATE'; when: string };

const key = 815;

/**
 * Stops whoever commits a change of the described kind, at the commit itself (a deferred constraint trigger that waits
 * for a lock), until it is told whether the change becomes true.
 */
export async function raiseBarrier(databaseUrl: string, { table, on, when }: Transition) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('SELECT pg_advisory_lock($1)', [key]);
  await client.query(`CREATE OR REPLACE FUNCTION wait_at_barrier() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(${key}); RETURN NULL; END'`);
  await client.query(`CREATE CONSTRAINT TRIGGER barrier AFTER ${on} ON ${table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION wait_at_barrier()`);
  const waiters = `SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND objid = ${key} AND NOT granted AND datname = current_database()`;
  const count = async (): Promise<number> => (await client.query(waiters)).rows.length;
  return {
    isWaitedAt: async (): Promise<boolean> => (await count()) > 0,
    /** Lets the stopped commits pass, or ends them so that they never were. Only after the service is dead. */
    resolve: async (outcome: 'kept' | 'lost'): Promise<void> => {
      if (outcome === 'lost') {
        await client.query(`SELECT pg_terminate_backend(pid) FROM (${waiters}) AS waiting`);
        await until('the end of the stopped commits', async () => (await count()) === 0);
      }
      await client.query('SELECT pg_advisory_unlock($1)', [key]);
      await until('the stopped commits', async () => (await count()) === 0);
      await client.query(`DROP TRIGGER barrier ON ${table}`);
      await client.end();
    },
  };
}
