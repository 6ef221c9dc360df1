import { type Hex, hexToString, stringToHex, trim } from 'viem';
import { m } from '#lib/paraglide/messages.js';

/** Categories that the forms offer; a decision may name others, which are shown as they are. */
export const categories = ['grants', 'development', 'security', 'operations', 'community'] as const;

/** A category's name as the chain takes it; empty for none. */
export const categoryId = (name: string): Hex => stringToHex(name, { size: 32 });

/** The name in a category's 32 bytes. */
export const categoryName = (id: Hex): string => hexToString(trim(id, { dir: 'right' })).replaceAll('\0', '');

export function categoryWords(name: string): string {
  const words: Record<(typeof categories)[number], string> = {
    grants: m.category_grants(),
    development: m.category_development(),
    security: m.category_security(),
    operations: m.category_operations(),
    community: m.category_community(),
  };
  return name === '' ? m.category_none() : (words[name as (typeof categories)[number]] ?? name);
}
