import { amountSchema, type ReceiptBundle, receiptBundleSchema, type StepEvent, stepEventSchema } from '@openledger/sdk';
import { z } from 'zod';
import { type ChatMessage, streamChat } from '#lib/gateway/chat.ts';
import { withStep } from './withStep.ts';

/** One question with its answer as it arrives. */
export class Turn {
  readonly id: string;
  readonly question: string;
  readonly model: string;
  answer = $state('');
  status = $state<'streaming' | 'attributing' | 'done' | 'stopped' | 'failed'>('streaming');
  cut = $state(false);
  seconds = $state<number>();
  error = $state.raw<unknown>();
  receipt = $state.raw<ReceiptBundle>();
  /** What an agent did for it. */
  steps = $state.raw<StepEvent[]>([]);
  /** What the answers inside an agent's run cost, in wei. */
  inside = $state.raw<bigint>();

  constructor(question: string, model: string, id: string = crypto.randomUUID()) {
    this.id = id;
    this.question = question;
    this.model = model;
  }
}

const savedSchema = z.array(
  z.object({
    id: z.string(),
    question: z.string(),
    model: z.string(),
    answer: z.string(),
    cut: z.boolean(),
    seconds: z.number().optional(),
    receipt: receiptBundleSchema.optional(),
    steps: z.array(stepEventSchema).default([]),
    inside: amountSchema.optional(),
  }),
);

export type AskOptions = {
  url: string;
  apiKey: string;
  model: string;
  maxTokens: number;
  isPublic: boolean;
  datanets: readonly number[];
};

/** Questions and answers of one person, kept in this browser. */
export class Conversation {
  #turns = $state<Turn[]>([]);
  #slot: string;
  #abort: AbortController | undefined;

  constructor(slot: string) {
    this.#slot = slot;
    const saved = savedSchema.safeParse(JSON.parse(localStorage.getItem(slot) ?? '[]'));
    if (saved.success) this.#turns = saved.data.map(restore);
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }
  get busy(): boolean {
    const status = this.#turns.at(-1)?.status;
    return status === 'streaming' || status === 'attributing';
  }

  /** Asks with what was said before as context, as far as it was answered. */
  async ask(question: string, options: AskOptions): Promise<Turn> {
    const messages: ChatMessage[] = this.#turns
      .filter(({ answer, model }) => answer !== '' && model === options.model)
      .slice(-2)
      .flatMap(({ question, answer }) => [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ]);
    this.#turns.push(new Turn(question, options.model));
    const turn = this.#turns[this.#turns.length - 1] as Turn;
    this.#abort = new AbortController();
    const started = performance.now();
    try {
      const request = {
        ...options,
        messages: [...messages, { role: 'user' as const, content: question }],
        signal: this.#abort.signal,
      };
      for await (const part of streamChat(request)) {
        if (part.type === 'text') turn.answer += part.text;
        if (part.type === 'step') turn.steps = withStep(turn.steps, part.step);
        if (part.type === 'inside') turn.inside = part.receipts.reduce((sum, { receipt }) => sum + receipt.fee, 0n);
        if (part.type === 'finish') {
          turn.cut = part.reason === 'length';
          turn.seconds = (performance.now() - started) / 1000;
          turn.status = 'attributing';
        }
        if (part.type === 'receipt') turn.receipt = part.receipt;
      }
      turn.status = 'done';
    } catch (error) {
      const stopped = error instanceof DOMException && error.name === 'AbortError';
      turn.status = stopped ? 'stopped' : 'failed';
      if (!stopped) turn.error = error;
    }
    this.#save();
    return turn;
  }

  stop(): void {
    this.#abort?.abort();
  }

  clear(): void {
    this.stop();
    this.#turns = [];
    localStorage.removeItem(this.#slot);
  }

  #save(): void {
    const done = this.#turns.filter(({ answer }) => answer !== '').slice(-20);
    const plain = done.map(({ id, question, model, answer, cut, seconds, receipt, steps, inside }) => ({
      id,
      question,
      model,
      answer,
      cut,
      seconds,
      receipt,
      steps,
      inside,
    }));
    localStorage.setItem(this.#slot, JSON.stringify(z.encode(savedSchema, plain)));
  }
}

function restore(saved: z.infer<typeof savedSchema>[number]): Turn {
  const turn = new Turn(saved.question, saved.model, saved.id);
  turn.answer = saved.answer;
  turn.cut = saved.cut;
  turn.seconds = saved.seconds;
  turn.receipt = saved.receipt;
  turn.steps = saved.steps;
  turn.inside = saved.inside;
  turn.status = 'done';
  return turn;
}
