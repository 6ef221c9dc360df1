import type { JobSpec, SettingChange } from '@openledger/sdk';
import type { App } from '#lib/shell/app.svelte.ts';
import { goto } from '$app/navigation';
import { applyChange } from './changes.ts';
import { Draft, studioSlot } from './draft.svelte.ts';
import { draftFrom } from './spec.ts';

/** Opens the studio with the settings of a job, changed where that may help. What was drafted there before is replaced. */
export async function openAgain(
  app: App,
  job: { number: number; modelId: number },
  spec: JobSpec,
  change?: SettingChange,
): Promise<void> {
  const draft = new Draft(studioSlot(app));
  draft.clear();
  Object.assign(draft.data, draftFrom(spec), { from: job.number, modelId: job.modelId });
  if (change) applyChange(draft.data, change);
  draft.save();
  await goto('/studio');
}
