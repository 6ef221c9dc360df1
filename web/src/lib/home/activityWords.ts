import type { ResultOf } from '@openledger/sdk/graph';
import type { activityQuery } from '#lib/graph/queries/home.ts';
import { m } from '#lib/paraglide/messages.js';

export type ActivityEntry = ResultOf<typeof activityQuery>['activities'][number];

/** What happened, and the page that shows it. */
export function activityWords(entry: ActivityEntry): { text: string; href: string | undefined } {
  const datanet = entry.datanet ?? entry.contribution?.datanet;
  const model = entry.model ?? entry.job?.model;
  const name = datanet?.name ?? model?.name ?? entry.proposal?.title ?? '';
  const texts: Partial<Record<ActivityEntry['kind'], string>> = {
    DATANET_CREATED: m.act_datanet_created({ name }),
    CONTRIBUTION_COMMITTED: m.act_contribution_committed({ name }),
    CONTRIBUTION_REVEALED: m.act_contribution_revealed({ name }),
    CONTRIBUTION_ACCEPTED: m.act_contribution_accepted({ name }),
    CONTRIBUTION_REJECTED: m.act_contribution_rejected({ name }),
    CONTRIBUTION_REVOKED: m.act_contribution_revoked({ name }),
    VERSION_PUBLISHED: m.act_version_published({ name }),
    GRANT_REQUESTED: m.act_grant_requested({ name }),
    GRANT_APPROVED: m.act_grant_approved({ name }),
    AGENT_CREATED: m.act_agent_created({ name }),
    AGENT_ACTIVATED: m.act_agent_activated({ name }),
    AGENT_SLASHED: m.act_agent_slashed({ name }),
    MODEL_CREATED: m.act_model_created({ name }),
    MODEL_LISTED: m.act_model_listed({ name }),
    RELEASE_ADDED: m.act_release_added({ name }),
    JOB_OPENED: m.act_job_opened({ name }),
    JOB_QUOTED: m.act_job_quoted({ name }),
    JOB_ACCEPTED: m.act_job_accepted({ name }),
    JOB_ATTESTED: m.act_job_attested({ name }),
    JOB_REFUNDED: m.act_job_refunded({ name }),
    DEPOSITED: m.act_deposited(),
    SESSION_AUTHORIZED: m.act_session(),
    BATCH_SETTLED: m.act_batch_settled({ count: String(entry.batch?.callCount ?? '') }),
    BATCH_FINALIZED: m.act_batch_final({ batch: String(entry.batch?.batchIndex ?? '') }),
    FRAUD_PROVEN: m.act_fraud_proven(),
    REFUNDED: m.act_refunded(),
    REWARD_CLAIMED: m.act_claimed(),
    VOTES_CLAIMED: m.act_votes_claimed(),
    POOL_CLAIMED: m.act_pool_claimed({ name }),
    PROPOSAL_CREATED: m.act_proposed({ name }),
    VOTE_CAST: m.act_voted({ name }),
    PROPOSAL_QUEUED: m.act_queued({ name }),
    PROPOSAL_EXECUTED: m.act_executed({ name }),
    TREASURY_SPENT: m.act_treasury({ name }),
    STREAM_OPENED: m.act_stream_opened(),
    STREAM_WITHDRAWN: m.act_stream_withdrawn(),
    STREAM_ENDED: m.act_stream_ended(),
    OPERATOR_REGISTERED: m.act_operator(),
    STAKED: m.act_staked(),
    TERMS_SET: m.act_terms({ name }),
    MODEL_SOLD: m.act_model_sold({ name }),
    MODEL_RATED: m.act_model_rated({ name }),
    ROUND_OPENED: m.act_round_opened({ name }),
    ROUND_SCORED: m.act_round_scored({ name }),
  };
  const href = entry.proposal
    ? `/governance/${entry.proposal.id}`
    : entry.job
      ? `/studio?job=${entry.job.id}`
      : model
        ? entry.model?.agent
          ? `/agents/${entry.model.agent.id}`
          : `/models/${model.id}`
        : datanet
          ? `/datanets/${datanet.id}`
          : entry.batch
            ? `/receipts?batch=${entry.batch.id}`
            : entry.kind === 'OPERATOR_REGISTERED'
              ? `/operators/${entry.actor.id}`
              : entry.kind.startsWith('STREAM_')
                ? '/treasury'
                : undefined;
  return { text: texts[entry.kind] ?? entry.kind.toLowerCase().replaceAll('_', ' '), href };
}
