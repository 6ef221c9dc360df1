import { z } from 'zod';

/** Characters of a comment that are written and shown at most. */
export const LONGEST_COMMENT = 1_000;

/** What acts on a screen without being seen: control characters other than line breaks, and turns of direction. */
const hidden = /(?!\n)\p{Cc}|\p{Bidi_Control}|\ufeff/gu;

const commentSchema = z.object({ comment: z.string() });

/** The document that a rating names. */
export const commentDocument = (comment: string) => ({ comment: clean(comment) });

/**
 * What a rating's document on IPFS says, as plain text: it is shown as it is and never read as Markdown or HTML.
 * Undefined where it says nothing, or is no comment.
 */
export function commentOf(document: { text: string | null } | null): string | undefined {
  if (!document?.text) return undefined;
  try {
    const parsed = commentSchema.safeParse(JSON.parse(document.text));
    return (parsed.success && clean(parsed.data.comment)) || undefined;
  } catch {
    return undefined;
  }
}

function clean(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n').replace(hidden, '').trim();
  return [...lines.replace(/\n{3,}/g, '\n\n')].slice(0, LONGEST_COMMENT).join('');
}
