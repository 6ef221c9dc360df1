import type { Context } from '../context.ts';
import type { Input } from './asked.ts';
import type { Delivered } from './delivered.ts';

/** The prompt of a text completion as it comes back before the answer, with how likely each of its tokens is if asked for. */
export async function echoOf(
  { engine }: Pick<Context, 'engine'>,
  adapter: string,
  input: Input,
  logprobs: number | null,
): Promise<Delivered['echo']> {
  if ('messages' in input) return undefined;
  const { prompt } = input;
  if (typeof prompt === 'string' && logprobs === null) return { text: prompt, tokens: [] };
  const { tokens } = await engine.score({ adapter, prompt, logprobs: logprobs ?? 0 });
  const written = Buffer.concat(tokens.map(({ token, bytes }) => Buffer.from(bytes ?? token))).toString('utf8');
  return { text: typeof prompt === 'string' ? prompt : written, tokens };
}
