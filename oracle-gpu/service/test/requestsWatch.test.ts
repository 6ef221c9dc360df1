// What an operator answered on chain it cannot settle otherwise: a watch finds the signed receipt in the answer's transaction.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson, receiptBundleSchema, type Session } from '@openledger/sdk';
import { type Hex, parseEventLogs, stringToHex, zeroAddress, zeroHash } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Actor } from './support/actors.ts';
import { startCommand } from './support/command.ts';
import { settleBatch } from './support/falseBatch.ts';
import { makeDatanet, makeModel, makeRecord } from './support/story.ts';
import { until } from './support/until.ts';
import { openWorld, type World } from './support/world.ts';

let world: World;
let asker: Actor;
let watcher: Actor;
let receiptHash: Hex;
let session: Pick<Session, 'voucher' | 'signature'>;
let from: string;
const folder = mkdtempSync(join(tmpdir(), 'openledger-answers-'));
const open = 10n ** 18n;
const sessionSchema = z.object({
  payer: z.string(),
  operator: z.string(),
  signer: z.string(),
  ceiling: z.coerce.bigint(),
  expiry: z.coerce.number(),
  signature: z.string(),
});

beforeAll(async () => {
  world = await openWorld();
  await world.start();
  const [contributor, proposer] = [await world.newActor(), await world.newActor()];
  [asker, watcher] = [await world.newActor(), await world.newActor()];
  const record = makeRecord('what does transfer do', 'moves tokens to another account');
  const datanet = await makeDatanet(world, [[contributor, [record]]]);
  const { releaseHash } = await makeModel(world, proposer, datanet);
  const { requests, token } = world.contracts;
  await world.transact(asker, token, 'approve', [requests.address, open]);
  from = String(await world.client.getBlockNumber());
  const asked = await world.transact(asker, requests, 'request', [
    {
      releaseHash,
      termsVersion: 1,
      maxFee: open,
      deadline: (await world.now()) + 600,
      callbackGas: 0,
      operator: zeroAddress,
      prompt: stringToHex(canonicalJson([{ role: 'user', content: 'what does transfer do' }])),
      promptDigest: zeroHash,
      promptCid: '',
    },
  ]);
  const [event] = parseEventLogs({ abi: requests.abi, eventName: 'RequestOpened', logs: asked.logs });
  const id = event?.args.requestId as bigint;
  receiptHash = await until('the answer', async () => {
    const state = await world.client.readContract({ ...requests, functionName: 'requestOf', args: [id] });
    return state.status === 3 && state.receiptHash;
  });
  const [row] = await world.query(
    `SELECT payer, signer AS operator, signer, ceiling::text, expiry::int, sessions.signature FROM sessions JOIN receipts USING (channel, payer)
      WHERE hash = '${receiptHash}'`,
  );
  const { ceiling, expiry, signature, ...parties } = sessionSchema.parse(row);
  const voucher = { ...parties, cumulativeCeiling: ceiling, maxSequence: 1, app: zeroAddress, appMarkupBps: 0, expiry };
  session = { voucher, signature } as typeof session;
});

afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('an answer that is settled otherwise than it was signed on chain is proven, and its fee given back', async () => {
  const bundle = receiptBundleSchema.parse(await (await fetch(`${world.url}/v1/receipts/${receiptHash}`)).json());
  await world.kill();
  await settleBatch(world, session as Session, [bundle], undefined, {
    receipt: () => ({ traceHash: `0x${'7e'.repeat(32)}` }),
  });
  const balance = async () => {
    const args = [session.voucher.payer, world.operator.address] as const;
    return (await world.client.readContract({ ...world.contracts.escrow, functionName: 'account', args })).balance;
  };
  expect(await balance()).toBe(0n);
  const sources = ['--rpc', inject('chainUrl'), '--deployment', inject('deploymentFile'), '--ipfs', world.ipfsUrl];
  const watch = startCommand(
    ['watch', ...sources, '--once', '--poll', '0.2', '--state', join(folder, 'state.json'), '--from', from],
    {
      environment: { ...process.env, OPENLEDGER_WATCH_KEY: watcher.key },
    },
  );
  await watch.ended;
  expect(watch.output()).toContain('is proven wrong (contradicted receipt');
  expect(await balance()).toBe(bundle.receipt.fee);
});
