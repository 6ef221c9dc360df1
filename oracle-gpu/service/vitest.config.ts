import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 } },
      // Over the real engine and its tiny random model: no chain, no database.
      { test: { name: 'engine', include: ['test/engine/*.test.ts'], testTimeout: 60_000, hookTimeout: 300_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/*.test.ts'],
          globalSetup: ['test/support/globalSetup.ts'],
          // The service is started a hundred times: its code is compiled once.
          env: { NODE_COMPILE_CACHE: join(tmpdir(), 'openledger-compiled') },
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false, // one chain and one database server for all, on two cores
        },
      },
    ],
  },
});
