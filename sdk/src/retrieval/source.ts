import { z } from 'zod';
import { addressSchema, amountSchema, bytes32Schema, hexSchema, int32Schema, uint32Schema } from '../schema/primitives.ts';

const place = { index: uint32Schema, count: uint32Schema, proof: hexSchema };

/**
 * Where a record stands in a datanet version: in the file of its contribution (tree 4), and that contribution among all
 * accepted ones (tree 5).
 */
export const sourceProofSchema = z.strictObject({
  /** Root of the datanet version, as on chain. */
  root: bytes32Schema,
  contributionId: uint32Schema,
  recordsRoot: bytes32Schema,
  record: z.strictObject(place),
  /** `total`: records in the whole version. */
  contribution: z.strictObject({ ...place, total: uint32Schema }),
});

/** A passage that an answer was given with, as its reader sees it: number n of `[n]`. */
export const sourceSchema = z.strictObject({
  n: z.int().min(1).max(8),
  recordId: bytes32Schema,
  title: z.string(),
  /** Who is paid: the contributor of the first record of its cluster. */
  contributor: addressSchema,
  datanetId: uint32Schema,
  version: uint32Schema,
  /** Where the contributor says it is from: an address on the web, or a path. */
  link: z.string(),
  licence: z.string(),
  /** How much of the answer rests on it, per 10,000. */
  support: int32Schema,
  /** What its cluster is paid by this answer, wei. */
  amount: amountSchema,
  proof: sourceProofSchema,
});

/** A part of the answer, in UTF-16 code units from its beginning, and the sources that support it. */
export const citationSchema = z.strictObject({
  start: uint32Schema,
  end: uint32Schema,
  sources: z.array(z.int().min(1).max(8)).min(1),
});

/** Sentences that no source supports: where they begin and end in the answer. */
export const unsupportedSchema = z.array(z.tuple([uint32Schema, uint32Schema]));

/** What an answer that asked for sources says of them. `abstained`: nothing relevant enough was found, so there are none. */
export const retrievalSchema = z.object({
  retrieval: z.object({
    abstained: z.boolean(),
    datanets: z.array(z.object({ datanetId: uint32Schema, version: uint32Schema })),
  }),
  citations: z.array(citationSchema),
  sources: z.array(sourceSchema).max(8),
  unsupported: unsupportedSchema,
});

export type CitedSource = z.infer<typeof sourceSchema>;
export type Citation = z.infer<typeof citationSchema>;
export type Retrieval = z.infer<typeof retrievalSchema>;
