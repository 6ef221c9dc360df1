import { contributionCommitment, datanetRegistryAbi, randomBytes32, recordsRoot } from '@openledger/sdk';
import { type Hex, parseEventLogs } from 'viem';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { ensureAllowance } from '#lib/wallet/allowance.ts';
import { transact } from '#lib/wallet/transact.ts';
import { dropPending, keepPending, type Pending } from './pending.ts';

export const CONTRIBUTE_STEPS = ['upload', 'bond', 'commit', 'reveal'] as const;
export type ContributeStep = (typeof CONTRIBUTE_STEPS)[number];

/** A way of a file into a datanet: pin, bond, commit, reveal. Each step can be taken up again after a failure. */
export class Contributing {
  #app: App;
  step = $state<ContributeStep>();
  /** Of the upload, from 0 to 1. */
  uploaded = $state(0);
  contributionId = $state<number>();

  constructor(app: App) {
    this.#app = app;
  }

  /** Takes a checked file all the way. `ids` are its record ids in order. */
  async run(datanet: { number: number; name: string; bond: bigint }, file: File, ids: readonly Hex[]): Promise<void> {
    const app = this.#app;
    try {
      const { address: contributor } = await app.wallet.ready();
      this.step = 'upload';
      const root = recordsRoot(ids);
      const pinned = await app.gateway.uploadRecords(file, (share) => (this.uploaded = share));
      if (pinned.recordsRoot !== root) throw new Error(m.contribute_root_differs());
      const pending: Pending = {
        datanetId: datanet.number,
        contributor,
        fileName: file.name,
        cid: pinned.cid,
        salt: randomBytes32(),
        recordsRoot: root,
        records: ids.length,
        bytes: file.size,
      };
      this.step = 'bond';
      await ensureAllowance(app, app.address('DatanetRegistry'), datanet.bond, m.bond_for({ name: datanet.name }));
      await this.#commit(pending);
    } finally {
      this.step = undefined;
    }
  }

  /** Opens a commitment that was made earlier, perhaps before this page was loaded. */
  async reveal(pending: Pending): Promise<void> {
    const app = this.#app;
    if (pending.contributionId === undefined) return;
    try {
      this.step = 'reveal';
      await this.#nextBlock();
      await transact(app, {
        title: m.contribute_reveal_title({ id: String(pending.contributionId) }),
        address: app.address('DatanetRegistry'),
        abi: datanetRegistryAbi,
        functionName: 'reveal',
        args: [pending.contributionId, pending.recordsRoot, pending.salt, pending.cid, pending.records, pending.bytes],
      });
      dropPending(app, pending.salt);
      this.contributionId = pending.contributionId;
    } finally {
      this.step = undefined;
    }
  }

  async #commit(pending: Pending): Promise<void> {
    this.step = 'commit';
    // Kept before the commitment is sent: without the salt the bond could only be withdrawn, never earned back.
    keepPending(this.#app, pending);
    const { logs } = await transact(this.#app, {
      title: m.contribute_commit_title({ name: pending.fileName }),
      address: this.#app.address('DatanetRegistry'),
      abi: datanetRegistryAbi,
      functionName: 'commit',
      args: [pending.datanetId, contributionCommitment(pending.recordsRoot, pending.salt, pending.contributor)],
    }).catch((error: unknown) => {
      dropPending(this.#app, pending.salt);
      throw error;
    });
    const [committed] = parseEventLogs({ abi: datanetRegistryAbi, logs, eventName: 'ContributionCommitted' });
    const known = { ...pending, contributionId: committed?.args.contributionId };
    keepPending(this.#app, known);
    await this.reveal(known);
  }

  /** A commitment can be revealed from the next block on. */
  async #nextBlock(): Promise<void> {
    const start = await this.#app.chain.getBlockNumber({ cacheTime: 0 });
    while ((await this.#app.chain.getBlockNumber({ cacheTime: 0 })) <= start)
      await new Promise((resolve) => setTimeout(resolve, 400));
  }
}
