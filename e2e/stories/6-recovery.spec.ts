// Whatever dies while nobody uses it comes back by itself, and the app goes on where it was.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { stateFolder, urls } from '../../script/dev/config.ts';
import { rpc } from '../../script/dev/processes/rpc.ts';
import * as specs from '../../script/dev/processes/specs.ts';

const processes = [specs.chain, specs.postgres, specs.ipfs, specs.engine, specs.indexer('local'), specs.oracle(''), specs.web];

const pidOf = (name: string) => Number(readFileSync(join(stateFolder, 'pids', `${name}.pid`), 'utf8').split(' ')[0]);

/** The index stands at the head of the chain: a chain that came back shorter has outgrown it again. */
async function indexIsCurrent(): Promise<boolean> {
  const head = Number(await rpc<string>(urls.chain, 'eth_blockNumber').catch(() => 'NaN'));
  const indexed = (await specs.indexedBlock()) ?? Number.NaN;
  return indexed <= head && indexed >= head - 2;
}

for (const { name, healthy } of processes) {
  test(`a killed ${name} comes back, and the models are on the page again`, async ({ page }) => {
    const before = pidOf(name);
    process.kill(before, 'SIGKILL');
    await expect
      .poll(
        () => {
          try {
            return pidOf(name);
          } catch {
            return before;
          }
        },
        { timeout: 60_000 },
      )
      .not.toBe(before);
    await expect.poll(() => healthy().catch(() => false), { timeout: 120_000, intervals: [500] }).toBe(true);
    await expect.poll(indexIsCurrent, { timeout: 120_000, intervals: [1_000] }).toBe(true);
    await expect(async () => {
      await page.goto('/models');
      await expect(page.getByRole('link', { name: /Solidity Guide/ }).first()).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
  });
}
