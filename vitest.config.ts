import { defineConfig } from 'vitest/config';

// The local stack's own tests; the workspaces have theirs.
export default defineConfig({
  test: { include: ['script/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
});
