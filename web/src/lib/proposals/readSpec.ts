import { type ModelProposalSpec, modelProposalSpecSchema } from '@openledger/sdk';

type Document = { text: string | null; problem: string | null } | null;
type Read =
  | { spec: ModelProposalSpec; problem?: undefined; detail?: undefined }
  | { spec?: undefined; problem: 'missing' | 'malformed'; detail: string };

/** Reads the document behind a proposal. It comes from anybody: what is not of the known shape is named, never shown. */
export function readSpec(document: Document): Read {
  if (!document) return { problem: 'missing', detail: '' };
  if (document.problem !== null || document.text === null) return { problem: 'malformed', detail: document.problem ?? 'no text' };
  let value: unknown;
  try {
    value = JSON.parse(document.text);
  } catch {
    return { problem: 'malformed', detail: 'no JSON' };
  }
  const result = modelProposalSpecSchema.safeParse(value);
  if (result.success) return { spec: result.data };
  const issue = result.error.issues[0];
  return { problem: 'malformed', detail: `${issue?.path.join('.') || 'document'}: ${issue?.message ?? ''}` };
}
