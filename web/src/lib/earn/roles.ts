import { m } from '#lib/paraglide/messages.js';

/** In which capacity somebody was paid. */
export function roleWords(role: string): string {
  const words: Record<string, string> = {
    contributor: m.role_contributor(),
    pool: m.role_pool(),
    operator: m.role_operator(),
    developer: m.role_developer(),
    parents: m.role_parents(),
    backers: m.role_backers(),
    app: m.role_app(),
    payer: m.role_payer(),
    reviewer: m.role_reviewer(),
  };
  return words[role] ?? role;
}
