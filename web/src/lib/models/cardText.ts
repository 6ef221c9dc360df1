import { z } from 'zod';

const documentSchema = z.looseObject({ readme: z.string().optional(), card: z.string().optional(), text: z.string().optional() });

/** The long text of a model card: Markdown as it is, or the text inside a JSON document. */
export function cardText(card: { text: string | null } | null): string | undefined {
  if (!card?.text) return undefined;
  if (!card.text.trimStart().startsWith('{')) return card.text;
  try {
    const parsed = documentSchema.safeParse(JSON.parse(card.text));
    return parsed.success ? (parsed.data.readme ?? parsed.data.card ?? parsed.data.text) : undefined;
  } catch {
    return undefined;
  }
}
