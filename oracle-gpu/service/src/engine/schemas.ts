import {
  bytes32Schema,
  hexSchema,
  int32Schema,
  settingChangeSchema,
  trainingOfferSchema,
  trainingSampleSchema,
  uint32Schema,
} from '@openledger/sdk';
import { z } from 'zod';

// What the engine answers (docs/interfaces.md, section Engine).

export const healthSchema = z.looseObject({
  status: z.enum(['ok', 'loading']),
  engine: z.string(),
  engineHash: z.string().optional(),
  device: z.string().optional(),
  threads: z.number().optional(),
  precision: z.string().optional(),
  base: z
    .looseObject({
      id: bytes32Schema,
      name: z.string(),
      family: z.string(),
      licence: z.string(),
      parameters: z.number(),
      contextLength: z.int().positive(),
      tokenizerHash: bytes32Schema,
    })
    .optional(),
});

export const tokenizeSchema = z.looseObject({
  promptTokens: z.int().min(0),
  promptTokenIds: z.array(uint32Schema),
  contextLength: z.int().positive(),
});

export const answerTokensSchema = tokenizeSchema.extend({ tokenIds: z.array(uint32Schema).min(1), pieces: z.array(z.string()) });

const namedTokenSchema = z.object({
  tokenId: uint32Schema,
  token: z.string(),
  bytes: z.array(z.int().min(0).max(255)).nullable(), // null: a control token, which has none
  logprob: z.number().nullable(), // null: nothing is known of a text's first token
});
/** How likely a token was, and which were likeliest in its place. */
export const toldTokenSchema = namedTokenSchema.extend({ top: z.array(namedTokenSchema) });
export type ToldToken = z.output<typeof toldTokenSchema>;
export const scoredSchema = z.looseObject({ promptTokenIds: z.array(uint32Schema), tokens: z.array(toldTokenSchema) });

export const tokenEventSchema = z.looseObject({
  index: z.int(),
  tokenId: uint32Schema,
  text: z.string(),
  /** Where they were asked for, but for the token that ends the answer. */
  logprobs: toldTokenSchema.optional(),
});
export const doneEventSchema = z.looseObject({
  text: z.string(),
  promptTokenIds: z.array(uint32Schema),
  tokenIds: z.array(uint32Schema),
  finishReason: z.enum(['stop', 'length']),
  /** What the answer rests on, measured after its last token; null without passages. */
  passages: z
    .looseObject({
      tokens: uint32Schema,
      support: z.array(z.looseObject({ recordId: bytes32Schema, cluster: bytes32Schema, support: z.int().min(0).max(10_000) })),
      citations: z.array(z.looseObject({ start: uint32Schema, end: uint32Schema, passages: z.array(z.int().min(0)).min(1) })),
      unsupported: z.array(z.tuple([uint32Schema, uint32Schema])),
    })
    .nullable()
    .default(null),
});

export const retrievalsSchema = z.array(z.looseObject({ key: z.string() }));
export const retrievalBuiltSchema = z.looseObject({ records: z.int(), tokens: z.int() });
export const foundSchema = z.looseObject({
  passages: z
    .array(
      z.looseObject({
        key: z.string(),
        recordId: bytes32Schema,
        cluster: bytes32Schema,
        score: z.number(),
        text: z.string(),
        title: z.string(),
      }),
    )
    .max(8),
  abstained: z.boolean(),
  threshold: z.number(),
});

export const routesSchema = z.array(z.looseObject({ key: z.string() }));
export const routeBuiltSchema = z.looseObject({ texts: z.int(), centroids: z.int() });
export const chosenSchema = z.looseObject({
  version: z.string(),
  embedder: z.string(),
  threshold: z.int(),
  choices: z.array(z.looseObject({ key: bytes32Schema, score: z.int() })).max(3),
  abstained: z.boolean(),
});

export const attributionSchema = z.looseObject({
  queryRoot: bytes32Schema,
  query: hexSchema,
  nullThreshold: int32Schema,
  k: z.int(),
  records: z.array(
    z.looseObject({
      position: uint32Schema,
      recordId: bytes32Schema,
      cluster: bytes32Schema,
      score: z.int(),
      partials: z.array(int32Schema),
      rowRoot: bytes32Schema,
    }),
  ),
  /** Null where the engine has lost the tokens of the records. */
  spans: z
    .array(
      z.looseObject({
        start: uint32Schema,
        length: uint32Schema,
        sources: z.array(
          z.looseObject({ position: uint32Schema, recordId: bytes32Schema, cluster: bytes32Schema, offset: uint32Schema }),
        ),
      }),
    )
    .nullable(),
  segments: z.array(z.looseObject({ start: uint32Schema, end: uint32Schema, scores: z.array(z.int()) })).optional(),
});

export const previewSchema = z.looseObject({
  nullThreshold: int32Schema,
  k: z.int(),
  /** [queries][records] */
  scores: z.array(z.array(int32Schema)),
  nearest: z.array(
    z.looseObject({ position: uint32Schema, recordId: bytes32Schema, cluster: bytes32Schema, cosine: z.number() }),
  ),
});

export const embeddingsSchema = z.looseObject({
  model: z.string(),
  dimensions: z.int(),
  embeddings: z.array(z.array(z.number())),
  tokens: z.int(),
});

export const methodSchema = z.strictObject({
  kind: z.enum(['lora', 'rslora', 'dora', 'qlora']),
  rank: z.int().min(1),
  alpha: z.number().positive(),
  dropout: z.number().min(0).max(1),
  targetModules: z.enum(['all-linear', 'attention']),
});

export const trainingSchema = z.strictObject({
  epochs: z.int().min(1).max(100),
  learningRate: z.number().positive(),
  batchSize: z.int().min(1),
  maxLength: z.int().min(8),
  seed: z.int().min(0),
  heldOutEvery: z.int().min(0),
  // What is left out is as it was before it could be chosen (docs/interfaces.md).
  heldOutBy: z.enum(['record', 'cluster']).optional(),
  accumulate: z.int().min(1).max(64).optional(),
  schedule: z.enum(['linear', 'cosine', 'constant']).optional(),
  warmup: z.number().min(0).max(0.5).optional(),
  packing: z.boolean().optional(),
  patience: z.int().min(0).max(20).optional(),
  checkpointEvery: z.int().min(0).optional(),
  beta: z.number().positive().max(10).optional(),
});

export const estimateSchema = z.looseObject({
  trainTokens: z.number(),
  steps: z.int(),
  seconds: z.number(),
  memoryBytes: z.number(),
  freeBytes: z.number().optional(),
  /** What would need less memory, where there is too little. */
  advice: z.string().optional(),
  changes: z.array(settingChangeSchema).optional(),
  longest: z.int().optional(),
  cut: z.int().optional(),
  heldOut: z.int().optional(),
  samples: z.array(trainingSampleSchema).optional(),
  sample: z.looseObject({ text: z.string(), trained: z.array(z.tuple([z.int(), z.int()])) }),
});

/** What each kind of training needs on this base, in the settings of `reference`. */
export const trainingNeedsSchema = trainingOfferSchema.omit({ price: true });

export const jobResultSchema = z.looseObject({
  adapter: bytes32Schema,
  adapterBytes: z.number(),
  baseModel: bytes32Schema,
  tokenizerHash: bytes32Schema,
  trainingLogRoot: bytes32Schema,
  checkpoint: z.looseObject({ step: z.int(), digest: bytes32Schema }),
  /** States that were committed, with the sha256 of each one's file. */
  checkpoints: z.array(z.looseObject({ step: z.int(), digest: bytes32Schema, stateHash: bytes32Schema })).optional(),
  index: z.looseObject({
    rows: z.int(),
    k: uint32Schema,
    seed: bytes32Schema,
    projectionHash: bytes32Schema,
    nullThreshold: int32Schema,
  }),
  evaluation: z.looseObject({}),
  seconds: z.number(),
});

export const jobSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  error: z.unknown().optional(),
  result: jobResultSchema.optional(),
});

/** What measuring an adapter would take. */
export const calibrationCostSchema = z.looseObject({
  id: z.string(),
  seconds: z.number(),
  trainTokens: z.number(),
  runs: z.int(),
  runsDone: z.int(),
  questions: z.int(),
  records: z.int(),
});

export const calibrationResultSchema = z.looseObject({
  adapter: bytes32Schema,
  ldsBps: z.int(),
  lowBps: z.int(),
  highBps: z.int(),
  runs: z.int(),
  dataHash: bytes32Schema,
});

export const calibrationJobSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
  step: z.int().default(0),
  steps: z.int().default(0),
  error: z.looseObject({ message: z.string() }).optional(),
  result: calibrationResultSchema.optional(),
});

export const jobEventSchema = z.looseObject({ seq: z.int().min(0), time: z.number(), type: z.string() });
export const checkpointEventSchema = z.looseObject({ step: uint32Schema, digest: bytes32Schema });

export const indexRowsSchema = z.looseObject({
  rows: z.array(
    z.looseObject({
      position: uint32Schema,
      recordId: bytes32Schema,
      cluster: bytes32Schema,
      tokensRoot: bytes32Schema,
      scaleBits: uint32Schema,
      rowRoot: bytes32Schema,
    }),
  ),
});

export const evaluationJobSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'running', 'done', 'failed']),
  error: z.looseObject({ message: z.string() }).optional(),
  result: z
    .looseObject({
      baseModel: bytes32Schema,
      models: z.array(
        z.looseObject({
          adapter: bytes32Schema.nullable(),
          loss: z.number(),
          perplexity: z.number(),
          exactMatch: z.number(),
          rougeL: z.number(),
        }),
      ),
      rows: z.array(z.looseObject({ recordId: bytes32Schema, answers: z.array(z.string()) })),
    })
    .optional(),
});

/** Adapters that a training has kept so far. */
export const checkpointSchema = z.looseObject({ step: uint32Schema, adapter: bytes32Schema });
export const checkpointsSchema = z.array(checkpointSchema);

export const exportFormatSchema = z.enum(['peft', 'merged', 'gguf-f16', 'gguf-q8_0']);
export const exportFormatsSchema = z.array(
  z.looseObject({ format: exportFormatSchema, mostBytes: z.number(), refused: z.string().nullable() }),
);
export const exportStateSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'running', 'done', 'failed']),
  stage: z.string().optional(),
  error: z.looseObject({ message: z.string() }).optional(),
  result: z
    .looseObject({
      files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: bytes32Schema })),
      checks: z.array(z.object({ reader: z.string(), divergence: z.number(), limit: z.number() })),
    })
    .optional(),
});

export const adaptersSchema = z.array(z.looseObject({ id: z.string(), hasIndex: z.boolean() }));

export type DonePassages = NonNullable<z.infer<typeof doneEventSchema>['passages']>;
export type EngineHealth = z.infer<typeof healthSchema>;
export type Attribution = z.infer<typeof attributionSchema>;
export type JobResult = z.infer<typeof jobResultSchema>;
export type EngineJobEvent = z.infer<typeof jobEventSchema>;
export type EvaluationJob = z.infer<typeof evaluationJobSchema>;
export type ExportFormat = z.infer<typeof exportFormatSchema>;
export type ExportState = z.infer<typeof exportStateSchema>;
export type Method = z.infer<typeof methodSchema>;
export type Training = z.infer<typeof trainingSchema>;
