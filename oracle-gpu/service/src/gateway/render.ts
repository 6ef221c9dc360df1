import type { ToldToken } from '../engine/schemas.ts';
import type { Call } from './answer.ts';
import { chatShape } from './chatShape.ts';
import type { Delivered } from './delivered.ts';
import { textShape } from './textShape.ts';

type Shown = Pick<Call, 'id' | 'created' | 'model' | 'includeUsage'>;
/** An answer with its receipt, which is JSON already. */
export type Answered = { call: Shown & Pick<Call, 'stream'>; delivered: Delivered; bundle: string };

/** What differs between the interfaces: names, and the fields of a choice. */
export type Shape = {
  prefix: string;
  object: string;
  chunk: string;
  start: () => object;
  piece: (text: string, told: readonly ToldToken[] | undefined, of: { id: string; hasTools: boolean }) => object;
  finish: (delivered: Delivered) => object;
  whole: (delivered: Delivered, id: string) => object;
};

const shapes: Record<Delivered['shape'], Shape> = { chat: chatShape, text: textShape };

/** The value as JSON with the receipt as its last field. */
const withReceipt = (value: object, bundle: string): string => `${JSON.stringify(value).slice(0, -1)},"receipt":${bundle}}`;

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;

type Usage = Pick<Delivered, 'promptTokens' | 'completionTokens'>;

function usageOf(answers: readonly Usage[]): Record<string, number> {
  const [prompt, completion] = answers.reduce(
    ([before, after], { promptTokens, completionTokens }) => [before + promptTokens, after + completionTokens],
    [0, 0],
  );
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** The parts of one answer's stream, in the order in which they are sent. */
export function renderStream(call: Shown, of: Pick<Delivered, 'shape' | 'hasTools'>) {
  const shape = shapes[of.shape];
  const head = { id: `${shape.prefix}-${call.id}`, object: shape.chunk, created: call.created, model: call.model };
  const chunk = (choice: object): string => event({ ...head, choices: [{ index: 0, ...choice }] });
  return {
    /** The first chunk: the role. */
    start: () => chunk(shape.start()),
    piece: (text: string, told?: readonly ToldToken[]) => chunk(shape.piece(text, told, { id: call.id, hasTools: of.hasTools })),
    /** What is said beside the text: a chunk without choices, which OpenAI's clients pass over as they do with usage. */
    beside: (fields: object) => event({ ...head, choices: [], ...fields }),
    /** Why the text ended. */
    finish: (delivered: Delivered) => chunk(shape.finish(delivered)),
    /** Usage if asked for, then the receipt in a chunk without choices. */
    end: (delivered: Delivered, bundle: string) => {
      const usage = call.includeUsage ? event({ ...head, choices: [], usage: usageOf([delivered]) }) : '';
      const receipt = withReceipt({ ...head, choices: [], ...delivered.retrieval, ...delivered.run }, bundle);
      return `${usage}data: ${receipt}\n\ndata: [DONE]\n\n`;
    },
  };
}

/** All of a call's answers as a retry gets them: for a stream, the very bytes that were sent. */
export function renderResponse(answers: readonly [Answered, ...Answered[]]): string {
  const [{ call, delivered, bundle }] = answers;
  if (call.stream) {
    const stream = renderStream(call, delivered);
    const pieces = delivered.pieces.map((piece, index) => stream.piece(piece, delivered.logprobs?.[index])).join('');
    return `${stream.start()}${pieces}${stream.finish(delivered)}${stream.end(delivered, bundle)}`;
  }
  const shape = shapes[delivered.shape];
  const head = { id: `${shape.prefix}-${call.id}`, object: shape.object, created: call.created, model: call.model };
  const usage = usageOf(answers.map((one) => one.delivered));
  if (delivered.choice === undefined) {
    const choices = [{ index: 0, ...shape.whole(delivered, call.id) }];
    return withReceipt({ ...head, choices, usage, ...delivered.retrieval, ...delivered.run }, bundle);
  }
  // Each of several answers has a receipt of its own, and its own sources.
  const choices = answers.map((one) => {
    const choice = { index: one.delivered.choice, ...shape.whole(one.delivered, one.call.id), ...one.delivered.retrieval };
    return withReceipt(choice, one.bundle);
  });
  return `${JSON.stringify(head).slice(0, -1)},"choices":[${choices.join(',')}],"usage":${JSON.stringify(usage)}}`;
}
