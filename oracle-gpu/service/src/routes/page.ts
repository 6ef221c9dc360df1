import { z } from 'zod';

/** `?limit=&cursor=` of a list; the next cursor goes out in the header `x-next-cursor`. */
export const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.coerce.number().int().min(0).optional(),
});

export const nextCursor = 'x-next-cursor';
