import { type JobSpec, jobSpecSchema } from '@openledger/sdk';
import { createQuery } from '@tanstack/svelte-query';
import { keys } from '#lib/graph/keys.ts';
import { useApp } from '#lib/shell/app.svelte.ts';

/** The document of a job's settings, whole; the index keeps a part of it. Undefined while it is read, or where it is none. */
export function useSpec(cid: () => string): { readonly spec: JobSpec | undefined } {
  const app = useApp();
  const query = createQuery(() => ({
    queryKey: keys.file(cid()),
    staleTime: Number.POSITIVE_INFINITY,
    retry: 2,
    queryFn: () => app.gateway.readFile(cid()),
  }));
  const spec = $derived.by(() => {
    if (query.data === undefined) return undefined;
    try {
      return jobSpecSchema.safeParse(JSON.parse(query.data)).data;
    } catch {
      return undefined;
    }
  });
  return {
    get spec() {
      return spec;
    },
  };
}
