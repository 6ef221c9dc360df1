import { hashJson, type RunStep } from '@openledger/sdk';
import type { Hex } from 'viem';
import { z } from 'zod';
import { ServiceError } from '../errors.ts';

const callSchema = z.object({ name: z.string(), arguments: z.string() });
export const outputSchema = z.object({ text: z.string(), calls: z.array(callSchema).optional() });
/** What a step gave: text, and which tools a model calls in it. */
export type StepOutput = z.output<typeof outputSchema>;

type Kind = RunStep['kind'];
type Json = z.core.util.JSONType;
/** A step that was done, as it is stored. `cost`: wei, with all inside. */
export type DoneStep = {
  kind: Kind;
  name: string;
  input: Json;
  output: StepOutput;
  error: string | null;
  receiptHash: Hex | null;
  sequence: number | null;
  cost: bigint;
  ms: number;
};

/** What doing a step comes to. */
export type StepResult = Pick<DoneStep, 'output'> & Partial<Pick<DoneStep, 'error' | 'receiptHash' | 'sequence' | 'cost'>>;

/** What a run tells while it goes on. */
export type StepEvent = { step: number; kind: Kind; name: string; input: Json } & (
  | { status: 'started' }
  | { status: 'done'; output: string; error?: string; receipt?: Hex; ms: number }
);

export type Steps = ReturnType<typeof createSteps>;

/**
 * Does a run's steps one after the other and stores each before the next. Steps that an earlier attempt has done are not
 * done again: they give what they gave.
 * @param before steps of earlier attempts, in order
 */
export function createSteps(of: {
  before: readonly DoneStep[];
  most: number;
  signal: AbortSignal;
  store: (step: number, done: DoneStep) => Promise<void>;
  tell: (event: StepEvent) => void;
}) {
  const done: DoneStep[] = [];
  let last: Promise<unknown> = Promise.resolve();

  async function one(kind: Kind, name: string, input: Json, make: (step: number) => Promise<StepResult>): Promise<DoneStep> {
    const step = done.length;
    if (step >= of.most)
      throw new ServiceError(
        422,
        'agent_step_limit',
        `The agent has done the ${of.most} steps that its manifest allows and has no answer: ask something simpler.`,
        { limit: of.most },
      );
    of.signal.throwIfAborted();
    const known = of.before[step];
    if (known) {
      if (known.kind !== kind || known.name !== name || hashJson(known.input) !== hashJson(input))
        throw new ServiceError(
          409,
          'run_changed',
          'The run would go on otherwise than it began: ask again with a new Idempotency-Key.',
        );
      done.push(known);
      return known;
    }
    of.tell({ step, kind, name, input, status: 'started' });
    const began = performance.now();
    const result = await make(step);
    const ms = Math.round(performance.now() - began);
    const made = { error: null, receiptHash: null, sequence: null, cost: 0n, ...result, kind, name, input, ms };
    await of.store(step, made);
    done.push(made);
    of.tell({
      ...{ step, kind, name, input, status: 'done', output: made.output.text, ms },
      ...(made.error === null ? {} : { error: made.error }),
      ...(made.receiptHash === null ? {} : { receipt: made.receiptHash }),
    });
    return made;
  }

  return {
    /** Steps that are asked for together are done in the order in which they were asked for. */
    do(...step: Parameters<typeof one>): Promise<DoneStep> {
      const next = last.then(() => one(...step));
      last = next.catch(() => undefined);
      return next;
    },
    /** Until nothing runs any more. */
    settled: () => last,
    done: (): readonly DoneStep[] => done,
    /** Wei, of all steps. */
    cost: (): bigint => done.reduce((sum, { cost }) => sum + cost, 0n),
  };
}

/** A step as the trace of the agent's receipt lists it. */
export function traceOf({ kind, name, input, output, error, receiptHash, sequence, ms }: DoneStep): RunStep {
  return {
    kind,
    name,
    ...(receiptHash === null ? {} : { receipt: receiptHash }),
    ...(sequence === null ? {} : { sequence }),
    inputHash: hashJson(input),
    outputHash: hashJson(output),
    ...(error === null ? {} : { error }),
    ms,
  };
}
