import { type Remark, remarkTypedData, type Subject } from '@openledger/sdk';
import type { Hex } from 'viem';
import type { App } from '#lib/shell/app.svelte.ts';

/** Has the wallet sign a message and the operator keep it: it costs no gas. */
export async function say(app: App, subject: Subject, parent: Hex, text: string): Promise<void> {
  const { client, address } = await app.wallet.ready();
  const remark: Remark = { ...subject, author: address, parent, timestamp: Math.floor(Date.now() / 1000), text };
  const typed = remarkTypedData(remark, app.config.deployment.chainId);
  const signature = await client.signTypedData({ ...typed, account: client.account ?? address });
  await app.gateway.say({ ...remark, signature });
}
