// The service checks its own next batch: on demand, and before it settles one.
import {
  openLedgerDomain,
  parametersHash,
  type ReceiptBundle,
  receiptBundleSchema,
  receiptHash,
  type Session,
  signReceipt,
  toJson,
} from '@openledger/sdk';
import OpenAI from 'openai';
import type { Hex } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openledger } from './support/command.ts';
import { makeDatanet, makeModel, makeRecord, makeSession } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let model: string;
let sessions: [Session, Session];
const answerSchema = z.looseObject({ receipt: receiptBundleSchema });

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [alice, proposer] = [await world.newActor(), await world.newActor()];
  const datanet = await makeDatanet(world, [[alice, [makeRecord('what does transfer do', 'moves tokens to another account')]]]);
  model = `model/${(await makeModel(world, proposer, datanet)).modelId}`;
  sessions = [await makeSession(world, await world.newActor()), await makeSession(world, await world.newActor())];
});

afterAll(() => world?.stop());

const ask = (who: 0 | 1): Promise<ReceiptBundle> => askBy(sessions[who]);

async function askBy({ apiKey }: Session): Promise<ReceiptBundle> {
  const client = new OpenAI({ baseURL: `${world.url}/v1`, apiKey, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'what does transfer do' }];
  return answerSchema.parse(await client.chat.completions.create({ model, messages, max_tokens: 16 })).receipt;
}

const dryRun = () => openledger(['batch', 'verify', '--dry-run'], world.environment);

const settledOnChain = async (): Promise<number> => {
  const args = [world.operator.address] as const;
  return (await world.client.readContract({ ...world.contracts.settlement, functionName: 'batches', args })).settled;
};

/** As a fault in the service would: the receipt costs more than its terms, and is signed so. */
async function overcharge({ receipt }: ReceiptBundle): Promise<string> {
  const dear = { ...receipt, fee: receipt.fee + 10_000n };
  const domain = openLedgerDomain(world.deployment.chainId, world.contracts.settlement.address);
  const hash = receiptHash(dear);
  await world.query(
    `UPDATE receipts SET hash = '${hash}', fee = fee + 10000, signature = '${await signReceipt(world.operator.account, dear, domain)}',
       bundle = (bundle::jsonb || jsonb_build_object('receipt', '${JSON.stringify(toJson(dear))}'::jsonb))::json
     WHERE channel = '${receipt.channel}' AND sequence = ${receipt.sequence}`,
  );
  return hash;
}

test('a dry run checks what would be settled and settles nothing', async () => {
  expect((await dryRun()).output).toContain('No batch is due');
  await ask(0);
  await ask(1);
  const { code, output } = await dryRun();
  expect(output).toMatch(/Batch 1 of 0x\w+ \(2 receipts\): 19 of 19 checks passed in \d.* Nothing was settled\./);
  expect(code).toBe(0);
  expect(await settledOnChain()).toBe(0);
  expect(await world.query('SELECT 1 FROM batches')).toEqual([]);
});

test('a receipt that is wrong is held with those behind it, and the others are settled', async () => {
  const [wrong, behind] = [await ask(0), await ask(0)];
  const hash = await overcharge(wrong);
  const { code, output } = await dryRun();
  expect(output).toMatch(/price +FAILED +1 of 4 fees/);
  expect(output).toContain(`Receipt ${hash}: 1 of 1 fees do not follow`);
  expect(code).toBe(1);
  await world.gateway.settle();
  await until('the receipts held', async () => (await world.query("SELECT 1 FROM receipts WHERE status = 'held'")).length === 2);
  await world.gateway.settle();
  await until('the batch of the others', async () => (await settledOnChain()) === 1);
  const rows = await world.query('SELECT sequence::int, status, reason FROM receipts ORDER BY channel, sequence');
  expect(rows.filter(({ status }) => status === 'held').map(({ sequence }) => sequence)).toEqual([2, 3]);
  expect(rows.find(({ sequence, status }) => sequence === 2 && status === 'held')?.reason).toContain('fees do not follow');
  expect((await world.gateway.receipt(behind.receiptHash)).reason).toContain('Receipt 2 of this channel');
  await expect(ask(0)).rejects.toThrow(/open another session/);
  const metrics = await fetch(`${world.url}/metrics`).then((response) => response.text());
  expect(metrics).toContain('openledger_refused_batches_total 1');
  expect(metrics).toContain('openledger_closed_channels 1');
});

test('a batch that stands on other rewards than the chain holds is not sent', async () => {
  await until('the row', async () => (await world.query('SELECT 1 FROM batches WHERE header IS NOT NULL')).length === 1);
  await ask(1);
  const [{ rewards } = { rewards: '' }] = await world.query('SELECT rewards::text FROM batches');
  const lie = String(rewards).replace(/"amount":\s*"(\d)/, '"amount":"9$1');
  await world.query(`UPDATE batches SET rewards = '${lie}' WHERE batch_index = 1`);
  const { code, output } = await dryRun();
  expect(output).toMatch(/rewardsBefore +FAILED/);
  expect(code).toBe(1);
  await world.gateway.settle();
  const refused = async (): Promise<boolean> =>
    (await fetch(`${world.url}/metrics`).then((response) => response.text())).includes('openledger_refused_batches_total 2');
  await until('the refusal', refused);
  expect(await settledOnChain()).toBe(1);
  await world.query(`UPDATE batches SET rewards = '${rewards}' WHERE batch_index = 1`);
  await world.query('UPDATE receipts SET batch_index = NULL WHERE batch_index = 2');
  await world.query('DELETE FROM batches WHERE batch_index = 2');
  expect((await dryRun()).code).toBe(0);
});

test('what is held is listed, put back once the service is stopped, and held again while it is wrong; or forgiven', async () => {
  const [wrong] = await world.query("SELECT channel, hash FROM receipts WHERE status = 'held' ORDER BY sequence LIMIT 1");
  const channel = String(wrong?.channel);
  const held = (...words: string[]) => openledger(['held', ...words], world.environment);
  const list = await held();
  expect(list.code).toBe(0);
  expect(list.output).toContain(`channel ${channel}  receipt 2`);
  expect(list.output).toContain('fees do not follow');
  expect((await held('retry', channel)).output).toContain('The service is running: stop it first');
  expect((await held('drop', channel)).output).toContain('takes retry or forgive');

  await world.kill();
  expect(await held('retry', channel)).toMatchObject({ code: 0, output: expect.stringContaining('2 receipts') });
  expect((await held()).output).toContain('No receipt is held.');
  await world.start();
  await world.gateway.settle();
  const count = async () => (await world.query("SELECT 1 FROM receipts WHERE status = 'held'")).length;
  await until('them held again', async () => (await count()) === 2);

  await world.kill();
  expect((await held('forgive', channel)).output).toContain('nobody owes them');
  expect((await held('forgive', channel)).code).toBe(1);
  await world.start();
  const [owed] = await world.query(
    `SELECT sum(fee)::text AS sum FROM receipts WHERE channel = '${channel}' AND status <> 'unpaid'`,
  );
  expect(BigInt(String(owed?.sum))).toBeGreaterThan(0n);
  expect((await world.gateway.session(sessions[0].apiKey)).spent).toBe(BigInt(String(owed?.sum)));
});

test('parameters too long to be given on chain hold what rests on them, keep nothing else, and lose nothing', async () => {
  const [one, other] = [await makeSession(world, await world.newActor()), await makeSession(world, await world.newActor())];
  const long = await askBy(one);
  const fine = await askBy(other);
  const pools = Array.from({ length: 2_000 }, (_, at) => ({ datanetId: at + 100, pool: other.voucher.payer, size: 1 }));
  const parameters = { ...long.parameters, poolSizes: [...long.parameters.poolSizes, ...pools] };
  const restate = (given: typeof parameters) =>
    world.query(
      `UPDATE receipts SET parameters_hash = '${parametersHash(given)}',
         bundle = (bundle::jsonb || jsonb_build_object('parameters', '${JSON.stringify(toJson(given))}'::jsonb))::json
       WHERE hash = '${long.receiptHash}'`,
    );
  /** Has it settle until the receipt is that far, every two seconds: receipts under other parameters may come first. */
  const settleUntil = (status: string, hash: Hex) => {
    let looks = 0;
    return until(`receipt ${hash} ${status}`, async () => {
      if (looks % 20 === 0) await world.gateway.settle();
      looks += 1;
      return (await world.gateway.receipt(hash)).status === status;
    });
  };
  await restate(parameters);
  await settleUntil('held', long.receiptHash);
  expect((await world.gateway.receipt(long.receiptHash)).reason).toMatch(
    /^Its parameters have 1\d{5} bytes, and no more than 120000/,
  );
  await settleUntil('settled', fine.receiptHash);
  expect((await world.gateway.session(one.apiKey)).spent).toBe(long.receipt.fee);

  await world.kill();
  await restate(long.parameters);
  expect((await openledger(['held', 'retry', long.receipt.channel], world.environment)).code).toBe(0);
  await world.start();
  await settleUntil('settled', long.receiptHash);
});
