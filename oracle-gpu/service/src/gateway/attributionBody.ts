import { bytes32Schema } from '@openledger/sdk';
import { z } from 'zod';
import { messagesSchema } from './chatRequest.ts';
import { modelNameSchema } from './requestFields.ts';

const segments = z.boolean().default(false);
const receiptSchema = z.strictObject({ receiptHash: bytes32Schema, segments });
const textSchema = z.strictObject({ model: modelNameSchema, messages: messagesSchema, answer: z.string(), segments });

/** Whose answer `POST /v1/attribution` is asked about: that of a receipt, or a text as an answer to `messages`. */
export type AttributionBody = z.output<typeof receiptSchema> | z.output<typeof textSchema>;

/** Throws a ZodError that names the field. */
export function parseAttributionBody(body: unknown): AttributionBody {
  const isReceipt = typeof body === 'object' && body !== null && 'receiptHash' in body;
  return isReceipt ? receiptSchema.parse(body) : textSchema.parse(body);
}
