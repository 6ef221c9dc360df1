import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Looks at the service's database from outside. */
export async function openDatabaseView(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  return {
    /** Processor time of all of the database's processes that live, ms. */
    cpu: async (): Promise<number> => {
      const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
      return rows
        .map(({ pid }) => {
          const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
          const [user, system] = fields.split(' ').slice(11, 13).map(Number); // in ticks of 10 ms
          return ((user ?? 0) + (system ?? 0)) * 10;
        })
        .reduce((sum, one) => sum + one, 0);
    },
    stored: async (): Promise<{ receipts: number; settled: number; signatures: number; bytes: number }> =>
      (
        await client.query(
          `SELECT count(*)::int AS receipts, (count(*) FILTER (WHERE status IN ('settled', 'final')))::int AS settled,
            count(DISTINCT signature)::int AS signatures,
            (pg_total_relation_size('receipts') + pg_total_relation_size('earnings'))::float8 AS bytes FROM receipts`,
        )
      ).rows[0],
    close: () => client.end(),
  };
}
