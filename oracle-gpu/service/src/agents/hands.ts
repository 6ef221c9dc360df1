import type { AgentManifest } from '@openledger/sdk';
import type { z } from 'zod';
import type { ChatRequest } from '../gateway/chatRequest.ts';
import type { StepOutput } from './steps.ts';

export type Json = z.core.util.JSONType;
type Tools = NonNullable<ChatRequest['tools']>;
export type Message = { role: 'system' | 'user' | 'assistant'; content: string } | ToolMessage;
type ToolMessage =
  | {
      role: 'assistant';
      content: string | null;
      tool_calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
    }
  | { role: 'tool'; content: string; tool_call_id: string };

/** What a plan can have done. Each is a step of the run: counted, paid, stored, told. */
export type Hands = {
  manifest: AgentManifest;
  /** A model's answer, and which of the tools it calls. */
  model: (model: string, messages: Message[], tools?: Tools) => Promise<StepOutput>;
  /** An answer from a datanet's records, with its sources. */
  retrieve: (datanet: number, question: string) => Promise<StepOutput>;
  tool: (server: string, tool: string, given: Record<string, Json>) => Promise<StepOutput>;
  agent: (agent: string, question: string) => Promise<StepOutput>;
};

/** What an agent's models are told first. */
export const instructionsOf = ({ goal, instructions }: AgentManifest): string => `${goal}\n\n${instructions}`;
