import { z } from 'zod';

const open = '<tool_call>';
const call = /^<tool_call>\n([\s\S]*?)\n<\/tool_call>\n?/;
const callSchema = z.strictObject({ name: z.string(), arguments: z.record(z.string(), z.json()) });

/** `arguments` is JSON text, as clients expect it. */
export type ToolCall = { name: string; arguments: string };

/** Parts an answer into its text and the calls after it. What is no whole call stays text. */
export function splitCalls(answer: string): { content: string; calls: ToolCall[] } {
  const start = answer.indexOf(open);
  if (start === -1) return { content: answer, calls: [] };
  const calls: ToolCall[] = [];
  let rest = answer.slice(start);
  for (let found = call.exec(rest); found; found = call.exec(rest)) {
    const parsed = parse(found[1] ?? '');
    if (!parsed) break;
    calls.push(parsed);
    rest = rest.slice(found[0].length);
  }
  return { content: answer.slice(0, start) + rest, calls };
}

function parse(text: string): ToolCall | undefined {
  try {
    const { name, arguments: given } = callSchema.parse(JSON.parse(text));
    return { name, arguments: JSON.stringify(given) };
  } catch {
    return undefined;
  }
}

/** Lets text through as it comes, but keeps what may be a call together until the answer ends. */
export function createCallKeeper() {
  let kept = '';
  return {
    /** @returns what can be shown now */
    push(text: string): string {
      kept += text;
      const start = kept.indexOf(open);
      const safe = start === -1 ? kept.length - overlap(kept) : start;
      const shown = kept.slice(0, safe);
      kept = kept.slice(safe);
      return shown;
    },
    /** @returns what was kept, when nothing more comes */
    rest(): string {
      const rest = kept;
      kept = '';
      return rest;
    },
  };
}

/** Length of the tail that could begin a call. */
function overlap(text: string): number {
  for (let size = Math.min(open.length - 1, text.length); size > 0; size -= 1)
    if (open.startsWith(text.slice(-size))) return size;
  return 0;
}
