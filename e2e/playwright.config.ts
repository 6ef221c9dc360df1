import { defineConfig } from '@playwright/test';
import { urls } from '../script/dev/config.ts';
import { findChromium } from './chromium.ts';

export default defineConfig({
  testDir: 'stories',
  // The stories share one chain and build on each other: one after the other, in the order of their names.
  workers: 1,
  fullyParallel: false,
  timeout: 300_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: process.env.E2E_REPORT ?? 'test-results/e2e.json' }]],
  outputDir: '../test-results',
  use: {
    baseURL: urls.web,
    actionTimeout: 60_000, // a button that never comes fails by itself, with its name
    navigationTimeout: 60_000,
    locale: 'en-GB',
    viewport: { width: 1280, height: 900 },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: findChromium(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
