// Routes as the engine's double keeps them: a question is as near to one as the share of its words that the route's texts have.
import type { Hex } from 'viem';
import { type Double, refuse } from './double.ts';
import { words } from './tokens.ts';

/** Share of the question's words, per 10,000. */
export const routeThreshold = 5_000;

export function addRouting({ app, count, routes }: Double): void {
  app.put<{ Params: { key: string }; Body: { texts: string[] } }>('/v1/routes/:key', async (request) => {
    const { key } = request.params;
    routes.set(key, request.body.texts);
    count.routed += 1;
    return { key, texts: request.body.texts.length, centroids: 1, built: true };
  });
  app.get('/v1/routes', async () => [...routes].map(([key, texts]) => ({ key, texts: texts.length, centroids: 1 })));
  app.post<{ Body: { keys: Hex[]; query: string } }>('/v1/routes/choose', async (request, reply) => {
    const asked = words(request.body.query);
    if (asked.length === 0) return refuse(reply, 400, 'empty_query', 'The query is empty: ask something.');
    const choices = request.body.keys
      .flatMap((key) => {
        const texts = routes.get(key);
        if (!texts) return [];
        const own = new Set(texts.flatMap(words));
        return [{ key, score: Math.floor((asked.filter((word) => own.has(word)).length * 10_000) / asked.length) }];
      })
      .sort((a, b) => b.score - a.score || (a.key < b.key ? -1 : 1))
      .slice(0, 3);
    const abstained = (choices[0]?.score ?? 0) < routeThreshold;
    return { version: 'words-1', embedder: 'double', threshold: routeThreshold, choices, abstained };
  });
}
