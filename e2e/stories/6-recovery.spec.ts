// Whatever dies while nobody uses it comes back by itself, and the app goes on where it was.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFailover, createGateway, createSession, deploymentSchema, findOperators } from '@openledger/sdk';
import { devAccount } from '@openledger/sdk/dev';
import { expect, test } from '@playwright/test';
import { createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { deploymentFile, stateFolder, urls } from '../../script/dev/config.ts';
import { rpc } from '../../script/dev/processes/rpc.ts';
import * as specs from '../../script/dev/processes/specs.ts';

const processes = [
  specs.chain,
  specs.postgres,
  specs.ipfs,
  specs.engine,
  specs.indexer('local'),
  specs.oracle(''),
  specs.oracle2(''),
  specs.web,
];

const pidOf = (name: string) => Number(readFileSync(join(stateFolder, 'pids', `${name}.pid`), 'utf8').split(' ')[0]);

/** The index stands at the head of the chain: a chain that came back shorter has outgrown it again. */
async function indexIsCurrent(): Promise<boolean> {
  const head = Number(await rpc<string>(urls.chain, 'eth_blockNumber').catch(() => 'NaN'));
  const indexed = (await specs.indexedBlock()) ?? Number.NaN;
  return indexed <= head && indexed >= head - 2;
}

test.describe.configure({ timeout: 600_000 });

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
    await expect.poll(() => healthy().catch(() => false), { timeout: 240_000, intervals: [500] }).toBe(true);
    await expect.poll(indexIsCurrent, { timeout: 240_000, intervals: [1_000] }).toBe(true);
    await expect(async () => {
      await page.goto('/models');
      await expect(page.getByRole('link', { name: /Solidity Guide/ }).first()).toBeVisible({ timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
  });
}

test('while an operator is dead, a question is answered by the other one', async () => {
  const deployment = deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8')));
  const chain = defineChain({
    id: deployment.chainId,
    name: 'Local',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [urls.chain] } },
  });
  const client = createPublicClient({ chain, transport: http(urls.chain), cacheTime: 0 });
  const payer = devAccount('newcomer');
  const wallet = createWalletClient({ account: payer, chain, transport: http(urls.chain) });
  const seats = [];
  for (const operator of await findOperators(client, deployment, 'model/1')) {
    const gateway = createGateway(operator.url);
    const { timestamp } = await client.getBlock();
    const ceiling = 10n ** 18n;
    const expiry = Number(timestamp) + 3_600;
    const session = await createSession({
      deployment,
      payer: payer.address,
      operator: operator.operator,
      ceiling,
      deposit: ceiling,
      expiry,
    });
    for (const { address, data } of session.calls)
      await client.waitForTransactionReceipt({ hash: await wallet.sendTransaction({ to: address, data }) });
    await gateway.openSession(session);
    seats.push({ url: operator.url, apiKey: session.apiKey, operator: operator.operator });
  }
  expect(seats).toHaveLength(2);
  seats.sort(({ url }) => (url === urls.gateway ? -1 : 1));
  const [dying, other] = seats;

  process.kill(pidOf('oracle'), 'SIGKILL');
  const switched: string[] = [];
  const send = createFailover(seats, { onSwitch: ({ url }, reason) => switched.push(`${url}: ${reason}`) });
  const response = await send('https://openledger.example/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'model/1', max_tokens: 8, messages: [{ role: 'user', content: 'What does approve do?' }] }),
  });
  expect(response.status).toBe(200);
  expect(switched).toEqual([`${dying?.url}: it cannot be reached`]);
  const { receipt } = (await response.json()) as { receipt: { channel: { operator: string } } };
  expect(receipt.channel.operator).toBe(other?.operator.toLowerCase());
  await expect
    .poll(
      () =>
        specs
          .oracle('')
          .healthy()
          .catch(() => false),
      { timeout: 120_000 },
    )
    .toBe(true);
});
