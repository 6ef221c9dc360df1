import { z } from 'zod';

const text = z
  .string()
  .refine((value) => value.isWellFormed(), 'contains half of a surrogate pair, which has no UTF-8 form')
  .refine((value) => !value.includes('\u0000'), 'contains the character U+0000');

const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: text.refine((value) => value.trim() !== '', 'must not be empty'),
});

/** One training or retrieval example: `{messages, source}` and nothing else. */
export const recordSchema = z.strictObject({
  messages: z
    .array(messageSchema)
    .min(2, 'needs at least a question and an answer')
    .refine((messages) => messages.at(-1)?.role === 'assistant', "must end with the assistant's message"),
  source: z.strictObject({ title: text, path: text, version: text, licence: text }),
});

export type Message = z.infer<typeof messageSchema>;
export type TrainingRecord = z.infer<typeof recordSchema>;
export type Source = TrainingRecord['source'];
