import { datanetRegistryAbi, versionTree } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { transact } from '#lib/wallet/transact.ts';
import { entriesOf } from './nextVersion.ts';
import type { Contribution, DatanetDetail } from './types.ts';

/** Pins the manifest of the next version and publishes the root over all accepted contributions. */
export async function publishVersion(app: App, datanet: DatanetDetail, accepted: readonly Contribution[]): Promise<void> {
  const entries = entriesOf(accepted);
  const { root } = versionTree(entries);
  const { cid } = await app.gateway.uploadDocument({
    datanetId: datanet.number,
    version: datanet.versionCount + 1,
    root,
    contributions: entries,
  });
  await transact(app, {
    title: m.version_publish({ version: String(datanet.versionCount + 1) }),
    address: app.address('DatanetRegistry'),
    abi: datanetRegistryAbi,
    functionName: 'publish',
    args: [datanet.number, root, cid],
  });
}
