// Answers of the engine's double: made of the question's words, and of passages where some are given.
import { doubleBase } from './behaviour.ts';
import { type Double, findJob, refuse, tooLong } from './double.ts';
import { answerFrom, type Passage } from './retrieval.ts';
import { type Message, promptTokens, tokenOf, wordOf, words } from './tokens.ts';

export function addAnswers(double: Double): void {
  const { app, behaviour, count } = double;

  app.post<{ Body: { messages: Message[]; answer?: string; tokenIds?: number[] } }>('/v1/tokenize', async (request, reply) => {
    const { messages, answer, tokenIds: given } = request.body;
    const ids = promptTokens(messages);
    if (ids.length >= doubleBase.contextLength) return tooLong(reply, ids.length);
    const counted = { promptTokens: ids.length, promptTokenIds: ids, contextLength: doubleBase.contextLength };
    if (answer === undefined && given === undefined) return counted;
    const said = answer?.match(/\s*[\p{L}\p{N}]+[^\p{L}\p{N}\s]*/gu) ?? given?.map((token) => ` ${wordOf(token)}`) ?? [];
    const tokenIds = given ?? said.map((piece) => tokenOf(words(piece)[0] ?? ''));
    if (ids.length + tokenIds.length > doubleBase.contextLength) return tooLong(reply, ids.length);
    return { ...counted, tokenIds, pieces: said.map((piece, index) => (index === 0 ? piece.trimStart() : piece)) };
  });

  app.post<{ Body: { adapter: string | null; messages: Message[]; maxTokens: number; passages?: Passage[] } }>(
    '/v1/generate',
    async (request, reply) => {
      const { adapter, messages, maxTokens, passages = [] } = request.body;
      count.generate += 1;
      if (adapter && !findJob(double, adapter)) return refuse(reply, 404, 'adapter_not_found', 'There is no such adapter.');
      const prompt = promptTokens(messages);
      if (prompt.length >= doubleBase.contextLength) return tooLong(reply, prompt.length);
      const { all, measured } = answerFrom(['Answer', ...words(messages.at(-1)?.content ?? '')], passages);
      const read = passages.flatMap(({ text }) => words(text)).map(tokenOf);
      const answer = all.slice(0, maxTokens);
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
      const send = (event: string, data: unknown): void =>
        void reply.raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      let text = '';
      for (const [index, word] of answer.entries()) {
        if (reply.raw.destroyed) return;
        if (index >= behaviour.breakAfterTokens) {
          reply.raw.destroy();
          return;
        }
        const piece = index === 0 ? word : ` ${word}`;
        text += piece;
        send('token', { index, tokenId: tokenOf(word), text: piece });
        await behaviour.onToken?.(index);
        if (behaviour.tokenDelayMs > 0) await new Promise((done) => setTimeout(done, behaviour.tokenDelayMs));
      }
      send('done', {
        text,
        promptTokenIds: [...read, ...prompt],
        tokenIds: answer.map(tokenOf),
        finishReason: answer.length < all.length ? 'length' : 'stop',
        passages: passages.length > 0 ? { tokens: read.length, ...measured(text) } : null,
      });
      reply.raw.end();
    },
  );
}
