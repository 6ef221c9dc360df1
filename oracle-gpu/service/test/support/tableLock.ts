import pg from 'pg';

/** Holds a table so that whoever writes to it waits: for what happens in the middle of a transaction. */
export async function lockTable(databaseUrl: string, table: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query(`LOCK TABLE ${table} IN SHARE MODE`);
  const holder = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
  const waiters = 'SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))';
  /** How many wait. */
  const count = async (): Promise<number> => {
    await client.query('SELECT pg_stat_clear_snapshot()'); // a transaction sees the connections of its first look
    return (await client.query(waiters, [holder])).rows.length;
  };
  return {
    count,
    isWaitedFor: async (): Promise<boolean> => (await count()) > 0,
    /** Ends the connections that wait. */
    breakWaiters: async (): Promise<void> => {
      await client.query(`SELECT pg_terminate_backend(pid) FROM (${waiters}) AS waiting`, [holder]);
    },
    release: () => client.end(),
  };
}
