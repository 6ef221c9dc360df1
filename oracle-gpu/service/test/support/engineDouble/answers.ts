// Answers of the engine's double: made of the question's words, and of passages where some are given.
import { doubleBase } from './behaviour.ts';
import { type Double, findJob, refuse, tooLong } from './double.ts';
import { answerFrom, type Passage } from './retrieval.ts';
import { type Input, inputTokens, tokenOf, told, wordOf, words } from './tokens.ts';

/** What another engine can answer, and what that is told beside the body. */
const elsewhere = new Map<string, object>([
  ['/v1/tokenize', {}],
  ['/v1/embed', {}],
  ['/v1/score', { adapter: null }],
  ['/v1/generate', { adapter: null }],
]);

type Generate = Input & {
  adapter: string | null;
  maxTokens: number;
  passages?: Passage[];
  logprobs?: number;
  format?: { tools: { name: string }[]; choice: string };
};

const callOf = (name: string): string => `<tool_call>\n{"name": "${name}", "arguments": {"to": "b"}}\n</tool_call>`;

export function addAnswers(double: Double): void {
  const { app, behaviour, count } = double;

  // Without a pause where it answers itself: a stream that is broken off at once would lose its first tokens.
  app.addHook('preHandler', (request, reply, go) => {
    const beside = elsewhere.get(request.url);
    if (behaviour.answersBy === undefined || !beside) return go();
    const body = JSON.stringify({ ...(request.body as object), ...beside });
    const headers = { 'content-type': 'application/json' };
    fetch(behaviour.answersBy + request.url, { method: 'POST', headers, body }).then(
      (answer) =>
        void reply
          .code(answer.status)
          .type(answer.headers.get('content-type') ?? '')
          .send(answer.body),
      go,
    );
  });

  app.post<{ Body: Input & { answer?: string; tokenIds?: number[] } }>('/v1/tokenize', async (request, reply) => {
    const { answer, tokenIds: given } = request.body;
    const ids = inputTokens(request.body);
    if (ids.length >= doubleBase.contextLength) return tooLong(reply, ids.length);
    const counted = { promptTokens: ids.length, promptTokenIds: ids, contextLength: doubleBase.contextLength };
    if (answer === undefined && given === undefined) return counted;
    const said = answer?.match(/\s*[\p{L}\p{N}]+[^\p{L}\p{N}\s]*/gu) ?? given?.map((token) => ` ${wordOf(token)}`) ?? [];
    const tokenIds = given ?? said.map((piece) => tokenOf(words(piece)[0] ?? ''));
    if (ids.length + tokenIds.length > doubleBase.contextLength) return tooLong(reply, ids.length);
    return { ...counted, tokenIds, pieces: said.map((piece, index) => (index === 0 ? piece.trimStart() : piece)) };
  });

  app.post<{ Body: { texts: string[] } }>('/v1/embed', async (request) => {
    const embeddings = request.body.texts.map((text) => {
      const [x, y] = [text.length, words(text).length];
      return [x / Math.hypot(x, y), y / Math.hypot(x, y)];
    });
    return { model: 'double-embedder', dimensions: 2, embeddings, tokens: words(request.body.texts.join(' ')).length };
  });

  app.post<{ Body: Input & { prompt: string | number[]; logprobs: number } }>('/v1/score', async (request) => {
    const ids = inputTokens(request.body);
    const texts = ids.map((token, index) => (index === 0 ? wordOf(token) : ` ${wordOf(token)}`));
    const tokens = ids.map((token, index) => {
      return told(token, texts[index] ?? '', request.body.logprobs, index === 0 ? null : undefined);
    });
    return { promptTokenIds: ids, tokens };
  });

  app.post<{ Body: Generate }>('/v1/generate', async (request, reply) => {
    const { adapter, messages, prompt: text, maxTokens, passages = [], logprobs, format } = request.body;
    count.generate += 1;
    double.asked.push(request.body);
    if (behaviour.isBusy) {
      void reply.header('retry-after', '7');
      return refuse(reply, 429, 'engine_busy', 'Too many requests are waiting: try again shortly.');
    }
    if (adapter && !double.lent.has(adapter) && !findJob(double, adapter))
      return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
    const prompt = inputTokens(request.body);
    if (prompt.length >= doubleBase.contextLength) return tooLong(reply, prompt.length);
    const says = behaviour.says ?? (format?.choice === 'required' ? callOf(format.tools[0]?.name ?? '') : undefined);
    const { all, measured } = answerFrom(
      says?.split(/(?<= )/) ?? ['Answer', ...words(messages?.at(-1)?.content ?? String(text))],
      passages,
    );
    const read = passages.flatMap(({ text }) => words(text)).map(tokenOf);
    const answer = all.slice(0, maxTokens);
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (event: string, data: unknown): void =>
      void reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    let said = '';
    for (const [index, word] of answer.entries()) {
      if (reply.raw.destroyed) return;
      if (index >= behaviour.breakAfterTokens) {
        reply.raw.destroy();
        return;
      }
      const piece = index === 0 || says !== undefined ? word : ` ${word}`;
      said += piece;
      const likely = logprobs === undefined ? {} : { logprobs: told(tokenOf(word), piece, logprobs) };
      send('token', { index, tokenId: tokenOf(word), text: piece, ...likely });
      await behaviour.onToken?.(index);
      if (behaviour.tokenDelayMs > 0) await new Promise((done) => setTimeout(done, behaviour.tokenDelayMs));
    }
    send('done', {
      text: said,
      promptTokenIds: [...read, ...prompt],
      tokenIds: answer.map(tokenOf),
      finishReason: answer.length < all.length ? 'length' : 'stop',
      passages: passages.length > 0 ? { tokens: read.length, ...measured(said) } : null,
    });
    reply.raw.end();
  });
}
