import { z } from 'zod';

/** One entry of a job's append-only log. */
export const jobEventSchema = z.looseObject({
  seq: z.number(),
  time: z.number().optional(),
  type: z.string(),
  step: z.number().optional(),
  steps: z.number().optional(),
  epoch: z.number().optional(),
  loss: z.number().optional(),
  learningRate: z.number().optional(),
  tokensPerSecond: z.number().optional(),
  secondsLeft: z.number().optional(),
  trainTokens: z.number().optional(),
  records: z.number().optional(),
  heldOut: z.number().optional(),
  when: z.string().optional(),
  heldOutLoss: z.number().optional(),
  samples: z
    .array(
      z.looseObject({
        prompt: z.string(),
        reference: z.string().optional(),
        base: z.string().nullish(),
        answer: z.string().optional(),
      }),
    )
    .optional(),
  done: z.number().optional(),
  total: z.number().optional(),
  message: z.string().optional(),
  hint: z.string().nullish(),
  releaseHash: z.string().optional(),
  txHash: z.string().optional(),
});

export type JobEvent = z.infer<typeof jobEventSchema>;

/** What the log of a training job says so far. */
export type Progress = {
  phase: string;
  step: number;
  steps: number;
  secondsLeft: number | undefined;
  tokensPerSecond: number | undefined;
  losses: { step: number; loss: number }[];
  heldOutBefore: number | undefined;
  heldOutAfter: number | undefined;
  samples: NonNullable<JobEvent['samples']>;
  /** Whether the samples were answered before training, by the base model. */
  samplesBefore: boolean;
  failure: { message: string | undefined; hint: string | undefined } | undefined;
  releaseHash: string | undefined;
  finished: boolean;
};

const FAILURES = ['failed', 'cancelled', 'refund-due', 'timed-out', 'refunded'];
const FINAL = ['attested', 'failed', 'cancelled', 'timed-out', 'refunded'];

/** Reads the log from the beginning. Events may come twice (a reconnect); each counts once. */
export function progressOf(events: readonly JobEvent[]): Progress {
  const progress: Progress = {
    phase: 'waiting',
    step: 0,
    steps: 0,
    secondsLeft: undefined,
    tokensPerSecond: undefined,
    losses: [],
    heldOutBefore: undefined,
    heldOutAfter: undefined,
    samples: [],
    samplesBefore: false,
    failure: undefined,
    releaseHash: undefined,
    finished: false,
  };
  const seen = new Set<number>();
  for (const event of events) {
    if (seen.has(event.seq)) continue;
    seen.add(event.seq);
    apply(progress, event);
  }
  return progress;
}

function apply(progress: Progress, event: JobEvent): void {
  progress.phase = ['step', 'checkpoint', 'resumed'].includes(event.type) ? 'training' : event.type;
  if (event.steps !== undefined) progress.steps = event.steps;
  if (event.type === 'resumed') {
    // What came after the step that was kept is done again.
    progress.step = event.step ?? 0;
    progress.losses = progress.losses.filter(({ step }) => step <= progress.step);
    progress.failure = undefined;
  }
  if (event.type === 'step') {
    progress.step = event.step ?? progress.step;
    progress.secondsLeft = event.secondsLeft;
    progress.tokensPerSecond = event.tokensPerSecond;
    if (event.loss !== undefined) progress.losses.push({ step: progress.step, loss: event.loss });
  }
  if (event.type === 'evaluation') {
    if (event.when === 'before') progress.heldOutBefore = event.heldOutLoss;
    else progress.heldOutAfter = event.heldOutLoss;
    if (event.samples && event.samples.length > 0) {
      progress.samples = event.samples;
      progress.samplesBefore = event.when === 'before';
    }
  }
  if (FAILURES.includes(event.type)) {
    progress.failure = { message: event.message ?? progress.failure?.message, hint: event.hint ?? progress.failure?.hint };
  }
  if (event.type === 'attested') progress.releaseHash = event.releaseHash;
  if (FINAL.includes(event.type)) progress.finished = true;
}
