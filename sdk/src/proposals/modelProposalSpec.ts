import { z } from 'zod';
import { amountSchema, bpsSchema, bytes32Schema, uint32Schema } from '../schema/primitives.ts';
import { evaluationLimits, evaluationMetrics } from './evaluationItems.ts';

const line = (most: number) => z.string().trim().min(1, 'is empty').max(most, `has more than ${most} characters`);

/** Shares in bps (sum 10,000) and prices in wei that the model starts with; the backers' account comes with its start. */
export const proposedTermsSchema = z
  .strictObject({
    operatorBps: bpsSchema,
    developerBps: bpsSchema,
    backersBps: bpsSchema.min(1, 'backers need a share'),
    contributorsBps: bpsSchema,
    promptPrice: amountSchema,
    completionPrice: amountSchema,
    retrievalPrice: amountSchema,
    agentStepPrice: amountSchema,
  })
  .refine(
    (terms) => terms.operatorBps + terms.developerBps + terms.backersBps + terms.contributorsBps === 10_000,
    'the shares must add up to 10,000 basis points',
  );

/**
 * The document behind a model proposal's `specCid`. What the chain decides by (goal, deadline, mark, shares, cap) stands in
 * the proposal's event; here it is said again in words and numbers, so that the document can be read by itself.
 */
export const modelProposalSpecSchema = z.strictObject({
  schema: z.literal('openledger.model-proposal.1'),
  name: line(80),
  /** One or two sentences. */
  description: line(280),
  /** Why, for whom, and what it must be able to do: Markdown. */
  purpose: line(20_000),
  /** BCP 47 tag of the language that it answers in. */
  language: z.string().regex(/^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$/, 'must be a language tag such as en or zh-Hant'),
  baseModel: bytes32Schema,
  datanets: z
    .array(z.strictObject({ datanetId: uint32Schema, version: uint32Schema }))
    .min(1, 'names no datanet')
    .max(16, 'names more than 16 datanets'),
  evaluation: z.strictObject({
    /** What is asked, without the items: they are committed to and stay secret until there is a release. */
    description: line(2_000),
    metric: z.enum(evaluationMetrics),
    items: z.int().min(evaluationLimits.fewest).max(evaluationLimits.most),
    passMarkBps: bpsSchema.min(1),
    /** Most tokens of an answer. */
    maxTokens: z.int().min(1).max(1_024),
  }),
  /** Budget, in wei. */
  goal: amountSchema,
  /** Unix seconds. */
  deadline: z.int().positive(),
  /** Most that backers get of what was spent, in basis points. */
  capBps: z.int().min(1).max(100_000),
  terms: proposedTermsSchema,
  /** The training's specification. */
  trainingCid: line(128),
});

export type ModelProposalSpec = z.infer<typeof modelProposalSpecSchema>;
export type ProposedTerms = z.infer<typeof proposedTermsSchema>;
