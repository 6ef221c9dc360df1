import { bytes32Schema, uint32Schema, type VersionEntry } from '@openledger/sdk';
import { z } from 'zod';
import { m } from '#lib/paraglide/messages.js';

const schema = z.object({
  contributions: z.array(z.object({ contributionId: uint32Schema, recordsRoot: bytes32Schema, records: uint32Schema })).min(1),
});

/** Contributions of a datanet version, from the manifest that its provider pinned. Throws in plain words. */
export function readManifest(text: string): VersionEntry[] {
  try {
    return schema.parse(JSON.parse(text)).contributions;
  } catch {
    throw new Error(m.mp_manifest_broken());
  }
}
