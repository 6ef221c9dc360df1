import { defineConfig } from 'vitest/config';

// Generating all vectors takes seconds on an idle machine and much longer on a busy one.
export default defineConfig({ test: { include: ['src/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 } });
