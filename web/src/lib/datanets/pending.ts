import { addressSchema, bytes32Schema } from '@openledger/sdk';
import { z } from 'zod';
import type { App } from '#lib/shell/app.svelte.ts';

/** A contribution committed or about to be; kept here until revealed, because only its salt opens the commitment. */
const schema = z.array(
  z.object({
    datanetId: z.number(),
    contributor: addressSchema,
    contributionId: z.number().optional(),
    fileName: z.string(),
    cid: z.string(),
    salt: bytes32Schema,
    recordsRoot: bytes32Schema,
    records: z.number(),
    bytes: z.number(),
  }),
);

export type Pending = z.infer<typeof schema>[number];

const slot = (app: App): string =>
  `openledger.contributions.${app.config.chainId}.${app.address('DatanetRegistry')}`.toLowerCase();

export function readPending(app: App): Pending[] {
  const parsed = schema.safeParse(JSON.parse(localStorage.getItem(slot(app)) ?? '[]'));
  return parsed.success ? parsed.data : [];
}

/** Adds or replaces an entry, told apart by its salt. */
export function keepPending(app: App, pending: Pending): void {
  const others = readPending(app).filter(({ salt }) => salt !== pending.salt);
  localStorage.setItem(slot(app), JSON.stringify([...others, pending]));
}

export function dropPending(app: App, salt: string): void {
  localStorage.setItem(slot(app), JSON.stringify(readPending(app).filter((entry) => entry.salt !== salt)));
}
