import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';

/** `GET /v1/sources`: the datanets that answers of this operator can cite now. */
export function sources(app: FastifyInstance, { shelves, facts }: Pick<Context, 'shelves' | 'facts'>): void {
  app.get('/v1/sources', async () =>
    Promise.all(
      shelves.list().map(async ({ datanetId, version, records }) => {
        const { policy } = await facts.datanet(datanetId);
        return { datanetId, version, records: records.size, needsGrant: policy !== 0 };
      }),
    ),
  );
}
