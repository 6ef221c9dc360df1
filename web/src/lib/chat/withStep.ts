import type { StepEvent } from '@openledger/sdk';

/** The steps of a run after it has told one more thing: a step that began is added, one that ended replaces its beginning. */
export function withStep(steps: readonly StepEvent[], told: StepEvent): StepEvent[] {
  const index = steps.findLastIndex(
    (one) => one.status === 'started' && one.step === told.step && one.depth === told.depth && one.agent === told.agent,
  );
  return told.status === 'done' && index >= 0 ? steps.with(index, told) : [...steps, told];
}
