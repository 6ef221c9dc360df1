import type { Context } from '../context.ts';
import type { Call } from '../gateway/answer.ts';
import type { Delivered } from '../gateway/delivered.ts';
import type { ReceiptRow } from '../receipts/bundle.ts';
import type { AgentQuestion } from './askAgent.ts';
import type { CallTool } from './callTool.ts';
import type { Agents, ServedAgent } from './load.ts';
import type { Purse } from './purse.ts';
import type { StepEvent } from './steps.ts';
import type { RunRow, RunStore } from './store.ts';

/** What every run works with. */
export type Workshop = { context: Context; agents: Agents; store: RunStore; callTool: CallTool };

/** A run that is about to begin, or to go on, with the money that it may spend. */
export type Task = {
  row: RunRow;
  agent: ServedAgent;
  asked: AgentQuestion;
  purse: Purse;
  /** Ends the run: its caller left, or the time of an agent around it is up. */
  signal: AbortSignal;
  /** Ids of the agents around it, the outermost first. */
  callers: readonly number[];
  tell: (event: RunEvent) => void;
  call: Call;
  isPublic: boolean;
};

/** `depth`: 0 for the agent that was asked, more for those that it calls. */
export type RunEvent = StepEvent & { agent: string; depth: number };
export type Performed = { receipt: ReceiptRow; delivered: Delivered; cost: bigint };
/** Does all of a run. */
export type Perform = (shop: Workshop, task: Task) => Promise<Performed>;
