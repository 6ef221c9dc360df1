import { type SettingChange, settingChangeSchema } from '@openledger/sdk';
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
  /** What went wrong, for programs, and settings with which it may go well. */
  code: z.string().optional(),
  cause: z.string().optional(),
  recordId: z.string().optional(),
  price: z.string().optional(),
  changes: z.array(settingChangeSchema).optional().catch(undefined),
  /** Step of the best epoch so far, of a training that may stop early. */
  best: z.number().optional(),
  releaseHash: z.string().optional(),
  txHash: z.string().optional(),
});

export type JobEvent = z.infer<typeof jobEventSchema>;

export type TrainingFailure = {
  message: string | undefined;
  hint: string | undefined;
  code?: string | undefined;
  cause?: string | undefined;
  recordId?: string | undefined;
  price?: string | undefined;
  changes?: readonly SettingChange[] | undefined;
};

/** What the log of a training job says so far. */
export type Progress = {
  phase: string;
  step: number;
  steps: number;
  secondsLeft: number | undefined;
  tokensPerSecond: number | undefined;
  learningRate: number | undefined;
  epoch: number | undefined;
  losses: { step: number; loss: number }[];
  /** Held-out losses after epochs, where the training looks at them. */
  heldOut: { step: number; loss: number }[];
  /** Step whose weights are kept as the best so far. */
  best: number | undefined;
  /** Step after which the training ended before its last planned one. */
  stoppedAt: number | undefined;
  /** Steps after which the adapter was committed. */
  checkpoints: number[];
  heldOutBefore: number | undefined;
  heldOutAfter: number | undefined;
  samples: NonNullable<JobEvent['samples']>;
  /** Whether the samples were answered before training, by the base model. */
  samplesBefore: boolean;
  failure: TrainingFailure | undefined;
  releaseHash: string | undefined;
  finished: boolean;
};

const FAILURES = ['failed', 'declined', 'cancelled', 'refund-due', 'timed-out', 'refunded'];
const FINAL = ['attested', 'failed', 'cancelled', 'timed-out', 'refunded'];

/** Reads the log from the beginning. Events may come twice (a reconnect); each counts once. */
export function progressOf(events: readonly JobEvent[]): Progress {
  const progress: Progress = {
    phase: 'waiting',
    step: 0,
    steps: 0,
    secondsLeft: undefined,
    tokensPerSecond: undefined,
    learningRate: undefined,
    epoch: undefined,
    losses: [],
    heldOut: [],
    best: undefined,
    stoppedAt: undefined,
    checkpoints: [],
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
  progress.phase = ['step', 'checkpoint', 'resumed', 'held-out', 'stopped-early'].includes(event.type) ? 'training' : event.type;
  if (event.steps !== undefined) progress.steps = event.steps;
  if (event.type === 'resumed') {
    // What came after the step that was kept is done again.
    progress.step = event.step ?? 0;
    progress.losses = progress.losses.filter(({ step }) => step <= progress.step);
    progress.heldOut = progress.heldOut.filter(({ step }) => step <= progress.step);
    progress.stoppedAt = undefined;
    progress.failure = undefined;
  }
  if (event.type === 'step') {
    progress.step = event.step ?? progress.step;
    progress.secondsLeft = event.secondsLeft;
    progress.tokensPerSecond = event.tokensPerSecond;
    progress.learningRate = event.learningRate;
    progress.epoch = event.epoch;
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
  if (event.type === 'held-out' && event.step !== undefined && event.heldOutLoss !== undefined) {
    progress.heldOut.push({ step: event.step, loss: event.heldOutLoss });
    progress.best = event.best;
  }
  if (event.type === 'stopped-early') {
    progress.stoppedAt = event.step;
    progress.best = event.best;
  }
  if (event.type === 'checkpoint' && event.step !== undefined && !progress.checkpoints.includes(event.step))
    progress.checkpoints.push(event.step);
  if (event.type === 'accepted' || event.type === 'taken') progress.failure = undefined;
  if (FAILURES.includes(event.type)) progress.failure = failureAfter(progress.failure, event);
  if (event.type === 'attested') progress.releaseHash = event.releaseHash;
  if (FINAL.includes(event.type)) progress.finished = true;
}

/** What is told of a failure by one event after another: that the refund is due says nothing of why. */
function failureAfter(before: TrainingFailure | undefined, event: JobEvent): TrainingFailure {
  return {
    message: event.message ?? before?.message,
    hint: event.hint ?? before?.hint,
    code: event.code ?? (event.type === 'cancelled' ? 'cancelled' : before?.code),
    cause: event.cause ?? before?.cause,
    recordId: event.recordId ?? before?.recordId,
    price: event.price ?? before?.price,
    changes: event.changes ?? before?.changes,
  };
}
