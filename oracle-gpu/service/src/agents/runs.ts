import { randomUUID } from 'node:crypto';
import { hashJson } from '@openledger/sdk';
import type { Hex } from 'viem';
import { type Context, now } from '../context.ts';
import { ServiceError } from '../errors.ts';
import type { ChatRequest } from '../gateway/chatRequest.ts';
import { renderResponse, renderStream } from '../gateway/render.ts';
import { reserve } from '../gateway/reserve.ts';
import { bundleText } from '../receipts/bundle.ts';
import type { Account } from '../sessions/book.ts';
import { questionOf } from './askAgent.ts';
import { createCallTool } from './callTool.ts';
import { receiptsBeneath } from './children.ts';
import { type Agents, agentIdOf } from './load.ts';
import { errorOf, openRun, requireSameVersion } from './opening.ts';
import { perform } from './perform.ts';
import { openPurse } from './purse.ts';
import type { RunError, RunRow, RunStore } from './store.ts';
import type { RunEvent, Task, Workshop } from './task.ts';

export type Runs = ReturnType<typeof createRuns>;

/** Runs of agents as callers ask for them. */
export function createRuns(context: Context, agents: Agents, store: RunStore) {
  const shop: Workshop = { context, agents, store, callTool: createCallTool(context.config.agents) };

  return {
    /** Everything before the first step: the agent, and the money for all that it may spend. */
    async prepare(
      account: Account,
      body: ChatRequest,
      idempotencyKey: string | undefined,
      signal: AbortSignal,
    ): Promise<Omit<Task, 'tell'>> {
      const agentId = agentIdOf(body.model);
      if (agentId === undefined) throw new Error(`${body.model} is no agent.`);
      const asked = questionOf(body);
      const requestHash = hashJson(body);
      const known = idempotencyKey ? await store.ofKey(account.channel, idempotencyKey) : undefined;
      if (known) refuseWhatFailed(known, requestHash);
      const agent = await agents.load(agentId);
      const { limits } = agent.manifest;
      if (account.expiry <= now() + limits.seconds)
        throw new ServiceError(
          402,
          'voucher_expired',
          `The voucher expires before the ${limits.seconds} s are over that this agent may take: sign one that ends later.`,
          { expiry: account.expiry, now: now() },
        );
      if (known) requireSameVersion(known, agent);
      const paid = known ? (await store.steps(known.id)).reduce((sum, { cost }) => sum + cost, 0n) : 0n;
      const most = (known?.limit ?? limits.spend) - paid;
      const [reservation] = await reserve(context, account, [{ idempotencyKey: idempotencyKey ?? null, requestHash, most }]);
      if (!reservation) throw new Error('Nothing was set aside.');
      const purse = openPurse(reservation, most);
      try {
        if (known) await store.goOn(known.id);
        const opening = openRun(account.channel as Hex, agent, asked);
        const { channel, payer } = account;
        const row =
          known ??
          (await store.begin({
            ...opening,
            ...{ channel, payer, requestHash },
            limit: limits.spend,
            idempotencyKey: idempotencyKey ?? null,
          }));
        const call = {
          id: randomUUID(),
          idempotencyKey: idempotencyKey ?? null,
          requestHash,
          created: now(),
          model: body.model,
          stream: body.stream === true,
          includeUsage: body.stream_options?.include_usage === true,
        };
        const isPublic = body.metadata?.public === 'true';
        return { row, agent, asked, purse, signal, callers: [], call, isPublic };
      } catch (error) {
        purse.close();
        throw error;
      }
    },

    /**
     * Runs. Steps and answer go to `write` as they come, of streams only. What ended a run otherwise is thrown, with what
     * was charged until then.
     * @returns the answer, empty for a stream
     */
    async run(task: Omit<Task, 'tell'>, write: (text: string) => void): Promise<string> {
      const { call, row, purse, agent } = task;
      const stream = renderStream(call, { shape: 'chat', hasTools: false });
      const say = (text: string): void => {
        if (call.stream) write(text);
      };
      say(stream.start());
      try {
        const tell = (step: RunEvent): void => say(stream.beside({ step }));
        const { receipt, delivered } = await perform(shop, { ...task, tell });
        context.metrics.calls.inc({ outcome: 'charged' });
        const bundle = bundleText(receipt, agent.model.release, true);
        if (!call.stream) return renderResponse([{ call, delivered, bundle }]);
        say(stream.piece(delivered.pieces.join('')));
        say(stream.finish(delivered));
        say(stream.end(delivered, bundle));
        return '';
      } catch (error) {
        context.metrics.calls.inc({ outcome: 'failed' });
        if (!(error instanceof ServiceError)) context.log.error({ run: row.id, reason: String(error) }, 'a run failed');
        const ended = errorOf(error);
        await store.fail(row.id, ended);
        const failed = await withCharges(context, row, ended);
        throw new ServiceError(failed.status, failed.code, failed.message, failed.detail);
      } finally {
        purse.close();
      }
    },
  };
}

/** What asking again does not change. Whatever else ended a run (a tool, the engine, the voucher), it may go on. */
const final = new Set(['agent_step_limit', 'agent_spending_limit', 'agent_loop', 'agent_too_deep', 'invalid_request']);

/** A run that failed for good fails again; one that broke off goes on. */
function refuseWhatFailed({ requestHash, status, error }: RunRow, asked: string): void {
  if (requestHash !== asked)
    throw new ServiceError(409, 'idempotency_key_reused', 'This Idempotency-Key belongs to another request: use a new one.');
  const failed = error as RunError | null;
  if (status === 'failed' && failed && final.has(failed.code))
    throw new ServiceError(failed.status, failed.code, failed.message, failed.detail);
}

/** Says of a failed run what was charged all the same. */
async function withCharges(context: Context, { id }: RunRow, error: RunError): Promise<RunError> {
  const inside = await receiptsBeneath(context, id);
  const children = inside.map(({ hash }) => hash);
  const spent = inside.reduce((sum, { fee }) => sum + fee, 0n);
  const charged =
    children.length === 0
      ? 'Nothing was charged.'
      : `The ${children.length} answers that were given inside are charged, ${spent} wei; the agent's own steps are not.`;
  return {
    ...error,
    message: `${error.message} ${charged}`,
    detail: { ...error.detail, run: id, spent: String(spent), children },
  };
}
