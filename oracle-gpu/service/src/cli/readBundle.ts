import { readFileSync } from 'node:fs';
import { type ReceiptBundle, receiptBundleSchema } from '@openledger/sdk';
import { z } from 'zod';

/** An answer of the gateway carries its receipt bundle under this name. */
const answerSchema = z.looseObject({ receipt: z.looseObject({ receipt: z.unknown() }) });

/** An agent's answer, or its run, carries those of its steps. */
const childrenSchema = z.array(receiptBundleSchema);
const runSchema = z.union([
  z.looseObject({ run: z.looseObject({ children: childrenSchema }) }).transform(({ run }) => run.children),
  z.looseObject({ children: childrenSchema }).transform(({ children }) => children),
]);

/** The receipt bundle in a file, or in a whole answer; `-` is standard input. Throws one sentence that says what to do. */
export const readBundle = (path: string): ReceiptBundle => readBundles(path).bundle;

/** The same, and the receipts of an agent's steps where they are beside it. */
export function readBundles(path: string): { bundle: ReceiptBundle; children?: ReceiptBundle[] } {
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
  const children = runSchema.safeParse(value).data;
  if (parsed.success) return { bundle: parsed.data, ...(children ? { children } : {}) };
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') || 'its top';
  throw new Error(`${path} is no receipt bundle: ${at}: ${issue?.message}. Save the receipt as the gateway returned it.`);
}
