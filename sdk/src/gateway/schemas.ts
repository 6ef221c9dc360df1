import { z } from 'zod';
import { addressSchema, amountSchema, bytes32Schema, hexSchema, uint32Schema } from '../schema/primitives.ts';
import { batchHeaderSchema, treeSchema } from '../settlement/batch.ts';

/** What the service's routes answer (docs/interfaces.md). Fields beyond these may come and are passed over. */

export const infoSchema = z.object({
  operator: addressSchema,
  signer: addressSchema,
  chainId: z.int(),
  feeVersion: uint32Schema,
  protocolFeeBps: z.int(),
  limits: z.object({
    fileBytes: z.int(),
    records: z.int(),
    recordBytes: z.int(),
    maxTokens: z.int(),
    contextLength: z.int().nullable(),
  }),
  batch: z.object({ maxAge: z.number(), maxReceipts: z.number(), window: z.number() }),
});

/** Kinds of adapter that are trained. */
export const trainingKinds = ['lora', 'rslora', 'dora', 'qlora'] as const;
export type TrainingKind = (typeof trainingKinds)[number];

/** What training on a base takes with an operator: of each kind that the base allows, in the settings of `reference`. */
export const trainingOfferSchema = z.object({
  /** Wei per trained token. */
  price: amountSchema,
  reference: z.object({ rank: z.int(), batchSize: z.int(), maxLength: z.int() }),
  kinds: z.partialRecord(z.enum(trainingKinds), z.object({ memoryBytes: z.number(), tokensPerSecond: z.number() })),
  freeBytes: z.number(),
});
export type TrainingOffer = z.infer<typeof trainingOfferSchema>;

export const baseSchema = z.looseObject({
  id: bytes32Schema,
  name: z.string(),
  family: z.string(),
  licence: z.string(),
  parameters: z.number(),
  contextLength: z.number(),
  /** What its makers say of it (bases/catalogue.ts); words of an operator's own where it is not in the catalogue. */
  languages: z.array(z.string()).optional(),
  strengths: z.array(z.string()).optional(),
  recommendedFor: z.array(z.string()).optional(),
  card: z.string().nullish(),
  /** Null where the operator trains nothing, or its engine is away. */
  training: trainingOfferSchema.nullish(),
});

export const recordsFileSchema = z.object({
  cid: z.string(),
  bytes: z.int(),
  count: z.int(),
  recordsRoot: bytes32Schema,
  recordIds: z.array(bytes32Schema),
});

/** A transaction that the operator sent for somebody. */
export const relayedSchema = z.object({ transaction: bytes32Schema });

export const documentFileSchema = z.object({ cid: z.string(), bytes: z.int() });

export const duplicatesSchema = z.object({
  contributionId: uint32Schema,
  compared: z.int(),
  duplicates: z.array(
    z.object({
      recordId: bytes32Schema,
      position: uint32Schema,
      of: z.object({ contributionId: uint32Schema, recordId: bytes32Schema, position: uint32Schema }),
      similarity: z.number(),
      kind: z.enum(['exact', 'whitespace', 'near']),
    }),
  ),
  share: z.number(),
});

const placeSchema = z.object({ contributionId: uint32Schema, recordId: bytes32Schema, position: uint32Schema });
const similarSchema = z.object({ similarity: z.number(), kind: z.enum(['exact', 'whitespace', 'near']) });

/**
 * What a file would have earned on an operator's paid calls. `earned` is null where there were too few calls to say;
 * of a record, in wei, what repeats another is paid to (`of`: of the datanet; `ofRecord`: earlier in the file).
 */
export const previewSchema = z.object({
  datanetId: uint32Schema,
  /** Records of the datanet that the file was compared with. */
  compared: z.int(),
  since: z.int(),
  until: z.int(),
  calls: z.object({
    /** Of the releases looked at; of these, computed anew (the rest is scaled); of releases not looked at. */
    total: z.int(),
    replayed: z.int(),
    others: z.int(),
    missing: z.array(z.object({ releaseHash: bytes32Schema, modelId: z.int(), calls: z.int(), code: z.string() })),
  }),
  earned: z.object({ amount: amountSchema, low: amountSchema, high: amountSchema }).nullable(),
  records: z.array(
    z.object({
      recordId: bytes32Schema,
      repeats: z
        .union([
          similarSchema.extend({ of: placeSchema.extend({ contributor: addressSchema }) }),
          similarSchema.extend({ ofRecord: bytes32Schema }),
        ])
        .nullable(),
      earned: amountSchema.nullable(),
    }),
  ),
});
export type FilePreview = z.infer<typeof previewSchema>;

export const sessionSchema = z.object({
  channel: bytes32Schema,
  ceiling: amountSchema,
  expiry: z.int(),
  sequence: z.int(),
  collected: amountSchema,
});

/** `reserved`: what running calls can cost at most, not yet in `spent`. */
export const sessionStateSchema = sessionSchema.extend({ payer: addressSchema, spent: amountSchema, reserved: amountSchema });

export const batchSummarySchema = z.object({
  batchIndex: z.int(),
  status: z.enum(['open', 'pending', 'final', 'voided']),
  /** Of a voided one: the fault that was proven, of it or of the batch that it was built on, by whom, in which transaction. */
  voided: z
    .object({
      fault: z.string(),
      isAccused: z.boolean(),
      challenger: addressSchema,
      transaction: bytes32Schema,
      isRefunded: z.boolean(),
    })
    .nullish(),
  headerHash: bytes32Schema.nullish(),
  receipts: z.int(),
  collected: amountSchema,
  settledAt: z.int().nullish(),
  finalAt: z.int().nullish(),
  dataCid: z.string().nullish(),
  header: batchHeaderSchema.nullish(),
});

export const claimSchema = z.object({
  operator: addressSchema,
  rewards: treeSchema,
  account: addressSchema,
  amount: amountSchema,
  weight: amountSchema,
  index: uint32Schema,
  proof: hexSchema,
});

export const rewardsSchema = z.object({
  operator: addressSchema,
  claim: claimSchema.nullable(),
  claimable: z.object({ amount: amountSchema, weight: amountSchema }),
  pending: z.object({ amount: amountSchema, weight: amountSchema, finalAt: z.int().nullish() }),
  bySource: z.array(
    z.object({ datanetId: z.int().nullish(), modelId: z.int().nullish(), role: z.string(), amount: amountSchema }),
  ),
});

/** Hyper-parameters as the engine takes them. */
export const methodSchema = z.object({
  kind: z.enum(trainingKinds),
  rank: z.int(),
  alpha: z.int(),
  dropout: z.number(),
  /** Which layers carry the adapter. */
  targetModules: z.enum(['all-linear', 'attention']),
});

export const trainingSchema = z.object({
  epochs: z.int(),
  learningRate: z.number(),
  batchSize: z.int(),
  maxLength: z.int(),
  seed: z.int(),
  heldOutEvery: z.int(),
  /** `cluster`: no near-duplicate of a held-out record is trained on. */
  heldOutBy: z.enum(['record', 'cluster']).optional(),
  /** Batches whose gradients make one step. */
  accumulate: z.int().optional(),
  schedule: z.enum(['linear', 'cosine', 'constant']).optional(),
  /** Share of the steps in which the learning rate rises. */
  warmup: z.number().optional(),
  /** Records end to end in one sequence, none of which sees another: the same losses in less time. */
  packing: z.boolean().optional(),
  /** Epochs without a better held-out loss after which the training ends; 0: never. */
  patience: z.int().optional(),
  /** Steps between states that are committed, so that the steps after them can be replayed; 0: none. */
  checkpointEvery: z.int().optional(),
  /** Of preferences: how close to the base the model stays. */
  beta: z.number().optional(),
});

/** Commitment to evaluation items that the operator has been told, and how many they are. */
export const committedItemsSchema = z.object({ commitment: bytes32Schema, items: z.int() });
export type CommittedItems = z.infer<typeof committedItemsSchema>;

/** The document behind a job's `specCid`. */
export const jobSpecSchema = z.object({
  baseModel: bytes32Schema,
  method: methodSchema,
  training: trainingSchema,
  /** `weight`: how much of what is trained on is of this datanet, in relation to the others. */
  datanets: z.array(z.object({ datanetId: uint32Schema, version: uint32Schema, weight: z.int().optional() })).min(1),
  /** Questions that the model is measured on afterwards, and what resembles them is kept out of the training. */
  evaluation: committedItemsSchema.optional(),
});

/** Settings to choose instead, by their names in `method` and `training`, and the memory that they save. */
export const settingChangeSchema = z.object({
  set: z
    .object({
      kind: z.enum(trainingKinds),
      rank: z.int(),
      batchSize: z.int(),
      accumulate: z.int(),
      maxLength: z.int(),
      learningRate: z.number(),
    })
    .partial(),
  savesBytes: z.number().optional(),
});
export type SettingChange = z.infer<typeof settingChangeSchema>;

/** A record as it is trained on: `trained` are the characters that have a loss, [start, end). */
export const trainingSampleSchema = z.object({
  text: z.string(),
  trained: z.array(z.tuple([z.int(), z.int()])),
  kind: z.string(),
  tokens: z.int(),
  /** Tokens beyond `maxLength`, which are not read; `readTo` is the character where they begin. */
  dropped: z.int(),
  readTo: z.int().optional(),
  /** Parts that are read apart. */
  pieces: z.int(),
  datanet: z.int().optional(),
});
export type TrainingSample = z.infer<typeof trainingSampleSchema>;

export const estimateSchema = z.object({
  seconds: z.number(),
  steps: z.int(),
  trainTokens: z.int(),
  records: z.int(),
  memoryBytes: z.number(),
  freeBytes: z.number().optional(),
  /** What would need less memory, where the operator has too little. */
  advice: z.string().optional(),
  /** The same for programs, the best first. */
  changes: z.array(settingChangeSchema).optional(),
  /** Tokens of the longest record, records that are longer than `maxLength`, and records held out. */
  longest: z.int().optional(),
  cut: z.int().optional(),
  heldOut: z.int().optional(),
  samples: z.array(trainingSampleSchema).optional(),
  price: amountSchema,
});

/** What is known of how well a release's attribution holds (bps), and what knowing more would cost. */
export const calibrationStateSchema = z.object({
  releaseHash: bytes32Schema,
  runs: z.int(),
  seconds: z.number(),
  questions: z.int(),
  records: z.int(),
  price: amountSchema,
  progress: z.object({ status: z.string(), step: z.int(), steps: z.int() }).nullable(),
  fidelity: z
    .object({
      ldsBps: z.int(),
      lowBps: z.int(),
      highBps: z.int(),
      runs: z.int(),
      attestedAt: z.int(),
      dataHash: bytes32Schema,
    })
    .nullable(),
});
export type CalibrationState = z.infer<typeof calibrationStateSchema>;

/** An answer that is not charged, with no release behind it. */
export const freeAnswerSchema = z.object({
  text: z.string(),
  finishReason: z.enum(['stop', 'length']),
  promptTokens: z.int(),
  completionTokens: z.int(),
});
export const checkpointAnswerSchema = freeAnswerSchema.extend({ step: z.int() });
export type FreeQuestion = { messages: { role: 'system' | 'user' | 'assistant'; content: string }[]; maxTokens?: number };

/** What a release can be downloaded as. */
export const exportFormats = ['peft', 'merged', 'gguf-f16', 'gguf-q8_0'] as const;
export type ExportFormat = (typeof exportFormats)[number];
export const exportStateSchema = z.object({
  format: z.enum(exportFormats),
  status: z.enum(['none', 'queued', 'running', 'done', 'failed']),
  stage: z.string().optional(),
  error: z.string().optional(),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: bytes32Schema })).optional(),
  /** By whom it was read back, and how far apart that was from what is served. */
  checks: z.array(z.object({ reader: z.string(), divergence: z.number(), limit: z.number() })).optional(),
});
export const releaseExportsSchema = z.object({
  releaseHash: bytes32Schema,
  adapter: bytes32Schema,
  base: z.object({ id: bytes32Schema, name: z.string(), licence: z.string() }),
  /** `mostBytes`: room it takes at most. `refused`: why it cannot be made or is not handed out. */
  formats: z.array(exportStateSchema.extend({ mostBytes: z.number(), refused: z.string().nullable() })),
});
export type ReleaseExports = z.infer<typeof releaseExportsSchema>;

export const jobSchema = z.looseObject({
  jobId: z.int(),
  status: z.string(),
  modelId: z.int(),
  requester: addressSchema,
  releaseHash: bytes32Schema.nullish(),
  error: z.string().nullish(),
  hint: z.string().nullish(),
});

export const jobEventSchema = z.looseObject({ seq: z.int(), time: z.number(), type: z.string() });

/** A datanet whose records answers can cite; `needsGrant`: only for whoever holds a live grant to retrieve from it. */
export const shelfSchema = z.object({
  datanetId: z.int(),
  version: z.int(),
  records: z.int(),
  needsGrant: z.boolean(),
});

export const modelListSchema = z.object({
  object: z.literal('list'),
  /** Whether there are more after `last_id`. */
  has_more: z.boolean().optional(),
  last_id: z.string().nullish(),
  data: z.array(
    z.looseObject({
      id: z.string(),
      openledger: z.looseObject({
        modelId: z.int(),
        name: z.string(),
        developer: addressSchema,
        releaseHash: bytes32Schema,
        termsVersion: z.int(),
        /** Whether answers are attributed now; if not, why: the datanets' pools are then paid. */
        attribution: z.enum(['ready', 'release_without_index', 'index_missing', 'unknown']).optional(),
      }),
    }),
  ),
});

export type JobSpec = z.infer<typeof jobSpecSchema>;
export type JobEvent = z.infer<typeof jobEventSchema>;
export type Rewards = z.infer<typeof rewardsSchema>;
