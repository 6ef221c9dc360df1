declare global {
  /** True only in builds for a development chain; see vite.config.ts. */
  const __DEVELOPMENT_WALLET__: boolean;
}

export {};
