import { readFileSync } from 'node:fs';
import { type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

/** An answer of the gateway carries its receipt bundle under this name. */
const answerSchema = z.looseObject({ receipt: z.looseObject({ receipt: z.unknown() }) });

/** The receipt bundle in a file, or in a whole answer; `-` is standard input. Throws one sentence that says what to do. */
export function readBundle(path: string): ReceiptBundle {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch {
    throw new Error(`There is no file ${path} to read: name one that holds a receipt as the gateway returned it.`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no JSON: save the receipt as the gateway returned it.`);
  }
  const answer = answerSchema.safeParse(value);
  const parsed = receiptBundleSchema.safeParse(answer.success ? answer.data.receipt : value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') || 'its top';
  throw new Error(`${path} is no receipt bundle: ${at}: ${issue?.message}. Save the receipt as the gateway returned it.`);
}
