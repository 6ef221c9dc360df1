import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devMnemonic } from '@openledger/sdk/dev';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVELOPMENT_RDNS } from '../src/lib/wallet/dev/identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'openledger-web-'));
const build = join(folder, 'build');
/** Beside the usual one, so that a build under way is not disturbed; inside the package, so that modules resolve. */
const output = '.svelte-kit-production';

/** Everything a visitor of a production build could download, as one text. */
function shipped(): string {
  return readdirSync(build, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(js|html|json|map)$/.test(name))
    .map((name) => readFileSync(join(build, name), 'utf8'))
    .join('\n');
}

beforeAll(() => {
  const environment: Record<string, string | undefined> = {
    ...process.env,
    NODE_ENV: 'production',
    OPENLEDGER_WEB_BUILD: build,
    OPENLEDGER_WEB_OUT: output,
  };
  delete environment.OPENLEDGER_DEV_WALLET;
  delete environment.VITEST;
  execFileSync(process.execPath, ['../node_modules/vite/bin/vite.js', 'build'], {
    cwd: new URL('..', import.meta.url),
    env: environment,
    stdio: 'pipe',
  });
}, 300_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  rmSync(new URL(`../${output}`, import.meta.url), { recursive: true, force: true });
  // The build pointed the generated types at its own folder; point them back.
  execFileSync(process.execPath, ['../node_modules/@sveltejs/kit/svelte-kit.js', 'sync'], {
    cwd: new URL('..', import.meta.url),
    stdio: 'pipe',
  });
});

test('a build for other networks has neither the development wallet nor its keys', () => {
  const text = shipped();
  expect(text).toContain('eip6963:requestProvider');
  expect(text).not.toContain(devMnemonic);
  expect(text).not.toContain(DEVELOPMENT_RDNS);
  expect(text).not.toContain('Development wallet');
});

test('the page needs no server: one page for every path', () => {
  expect(readdirSync(build)).toContain('index.html');
});
