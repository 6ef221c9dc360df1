// An answer that the model did not give: no proof can show it, so its payer asks the jury. Three jurors are drawn; one of them
// votes in the browser, and the operator loses stake.
import { readFileSync } from 'node:fs';
import { contractAddress, deploymentSchema, juryAbi } from '@openledger/sdk';
import { expect, test } from '@playwright/test';
import { type Hex, keccak256, toHex } from 'viem';
import { deploymentFile } from '../../script/dev/config.ts';
import { actor, openLiar, openNewLiar } from '../liar.ts';
import { personOn } from '../person.ts';

const deployment = deploymentSchema.parse(JSON.parse(readFileSync(deploymentFile, 'utf8')));
const { client, contracts, transact, now } = openLiar(deployment);
const jury = { address: contractAddress(deployment, 'Jury'), abi: juryAbi } as const;
const others = [actor('bob'), actor('carol')];
const guilty = 1;
const saltOf = (address: string): Hex => keccak256(toHex(`salt of ${address}`));

async function stakeAsJuror(name: Parameters<typeof actor>[0]): Promise<void> {
  const who = actor(name);
  const { minimumStake } = await client.readContract({ ...jury, functionName: 'settings' });
  const { stake } = await client.readContract({ ...jury, functionName: 'juror', args: [who.address] });
  if (stake >= minimumStake) return;
  await transact(who, contracts.faucet, 'drip', [who.address]).catch(() => undefined); // it may have had its share
  await transact(who, contracts.token, 'approve', [jury.address, minimumStake]);
  await transact(who, jury, 'stake', [minimumStake]);
}

test('a payer takes a false answer to the jury, which finds the operator guilty', async ({ page }) => {
  const person = personOn(page);
  const { liar, settle } = await openNewLiar(deployment);
  for (const name of ['alice', 'bob', 'carol'] as const) await stakeAsJuror(name);
  await page.goto('/receipts');
  await person.connect();
  await person.become('newcomer');

  const { channel } = await settle(() => ({ outputHash: keccak256('0x01') }));
  const stakeBefore = (await client.readContract({ ...contracts.operators, functionName: 'operator', args: [liar.address] }))
    .stake;
  await page.goto(`/receipts/${channel}/1`);
  await page.getByText('Was this really the model’s output?').click({ timeout: 60_000 });
  await page.getByLabel('Statement').fill('The answer speaks of another language than the one that was asked about.');
  await page.getByRole('button', { name: 'File the case' }).click();
  await person.done('File a case with the jury');
  await page.getByRole('link', { name: 'Follow the case' }).click();

  const caseId = await client.readContract({ ...jury, functionName: 'caseCount' });
  const card = page.getByRole('article').filter({ hasText: `Case ${caseId} ·` });
  const press = async (button: string, title: string): Promise<void> => {
    await card.getByRole('button', { name: button }).click();
    await person.done(title);
  };
  await press('Draw the jurors', `Draw the jurors of case ${caseId}`);
  await person.become('alice');
  await card.getByText('Guilty', { exact: true }).click();
  for (const who of others) {
    const args = [caseId, 1, who.address, guilty, saltOf(who.address)] as const;
    const commitment = await client.readContract({ ...jury, functionName: 'commitmentOf', args });
    await transact(who, jury, 'commitVote', [caseId, commitment]);
  }
  await press('Seal the vote', `Seal your vote in case ${caseId}`);

  const { drawnAt } = await client.readContract({ ...jury, functionName: 'caseOf', args: [caseId] });
  const { commitPeriod } = await client.readContract({ ...jury, functionName: 'settings' });
  await expect.poll(now, { timeout: 60_000 }).toBeGreaterThan(Number(drawnAt + commitPeriod));
  for (const who of others) await transact(who, jury, 'revealVote', [caseId, guilty, saltOf(who.address)]);
  await press('Open the vote', `Open your vote in case ${caseId}`);
  await press('Count the votes', `Decide case ${caseId}`);

  await page.getByRole('tab', { name: 'Decided' }).click();
  await expect(card.getByText('3 guilty, 0 innocent')).toBeVisible({ timeout: 30_000 });
  const { stake } = await client.readContract({ ...contracts.operators, functionName: 'operator', args: [liar.address] });
  expect(stake).toBeLessThan(stakeBefore);
});
