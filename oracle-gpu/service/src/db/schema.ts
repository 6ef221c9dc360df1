// Everything the service must not forget. Hashes, ids and addresses are lower-case hex text; money is wei.
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  index,
  integer,
  json,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Hex } from 'viem';

const wei = (name: string) => numeric(name, { precision: 78, scale: 0, mode: 'bigint' });
const whole = (name: string) => bigint(name, { mode: 'number' });
const bytes = customType<{ data: Hex; driverData: Buffer }>({
  dataType: () => 'bytea',
  toDriver: (hex) => Buffer.from(hex.slice(2), 'hex'),
  fromDriver: (found) => `0x${found.toString('hex')}`,
});
const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow();

/** A channel with the voucher that pays for it and the hash of the API key that stands for it. */
export const sessions = pgTable(
  'sessions',
  {
    channel: text().primaryKey(),
    keyHash: text('key_hash').notNull(),
    payer: text().notNull(),
    signer: text().notNull(),
    ceiling: wei('ceiling').notNull(), // of the latest voucher, over the channel's whole life
    maxSequence: whole('max_sequence').notNull(),
    app: text().notNull(),
    appMarkupBps: integer('app_markup_bps').notNull(),
    expiry: whole('expiry').notNull(),
    signature: text().notNull(), // of the voucher
    spent: wei('spent').notNull(), // sum of all receipts of the channel
    sequence: whole('sequence').notNull(), // of the last receipt
    createdAt: createdAt(),
  },
  (table) => [uniqueIndex('sessions_key_hash').on(table.keyHash), index('sessions_payer').on(table.payer)],
);

/** Authorised transfers (x402's `exact`) that were presented as payment, each bound to the request that it came with first. */
export const payments = pgTable(
  'payments',
  {
    payer: text().notNull(),
    nonce: text().notNull(),
    requestHash: text('request_hash').notNull(),
    amount: wei('amount').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.payer, table.nonce] })],
);

/** A charged answer that a retry with the same Idempotency-Key gets again, byte by byte. */
export const answers = pgTable(
  'answers',
  {
    channel: text().notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    requestHash: text('request_hash').notNull(),
    id: uuid().notNull(),
    created: whole('created').notNull(),
    model: text().notNull(),
    stream: boolean().notNull(),
    includeUsage: boolean('include_usage').notNull(),
    /** The pieces of text as they were streamed, with the finish reason: enough to render the answer again. */
    delivered: json().notNull(),
    receiptHash: text('receipt_hash').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.channel, table.idempotencyKey] })],
);

/** A receipt, stored with its sequence and its signature in one transaction before either leaves the service. */
export const receipts = pgTable(
  'receipts',
  {
    hash: text().primaryKey(),
    channel: text().notNull(),
    sequence: whole('sequence').notNull(),
    payer: text().notNull(),
    modelId: whole('model_id').notNull(),
    releaseHash: text('release_hash').notNull(),
    fee: wei('fee').notNull(),
    feeVersion: whole('fee_version').notNull(),
    dayIndex: whole('day_index').notNull(),
    parametersHash: text('parameters_hash').notNull(),
    /** Public part of the bundle, without signature and status; records of its evidence by place (receipts/evidence.ts). */
    bundle: json().notNull(),
    /** What only the payer may see: salt, messages, answer, tokenIds. */
    secret: json().notNull(),
    /** The query that opens the evidence's root, for the payer too: int8 components. Null where nothing was attributed. */
    query: bytes('query'),
    signature: text().notNull(),
    /** signed, settled, final; voided: waits for its batch's refunds; held, unpaid: can not be settled, `reason` says why */
    status: text().notNull(),
    reason: text(),
    batchIndex: whole('batch_index'),
    isPublic: boolean('is_public').notNull(),
    created: whole('created').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('receipts_channel_sequence').on(table.channel, table.sequence),
    index('receipts_batch').on(table.batchIndex),
    index('receipts_payer').on(table.payer, table.created),
    index('receipts_model').on(table.modelId, table.created),
    index('receipts_left_out').on(table.channel).where(sql`status IN ('held', 'unpaid')`),
    // Those that no batch has yet: counted every second, and read in this order, however many were settled before.
    index('receipts_open').on(table.channel, table.sequence, table.created).where(sql`status = 'signed' AND batch_index IS NULL`),
  ],
);

/** Versions of agents that ran here: what their receipts are opened with, and what a run goes on with. */
export const agentReleases = pgTable('agent_releases', {
  releaseHash: text('release_hash').primaryKey(),
  agentId: whole('agent_id').notNull(),
  version: whole('version').notNull(),
  modelId: whole('model_id').notNull(),
  manifestHash: text('manifest_hash').notNull(),
  manifestCid: text('manifest_cid').notNull(),
  createdAt: createdAt(),
});

/** An agent at work, or what became of it. */
export const agentRuns = pgTable(
  'agent_runs',
  {
    id: uuid().primaryKey(),
    channel: text().notNull(),
    payer: text().notNull(),
    /** The run that called this one, and its step; null for a run that was asked for by a caller. */
    parentRun: uuid('parent_run'),
    parentStep: integer('parent_step'),
    idempotencyKey: text('idempotency_key'),
    requestHash: text('request_hash').notNull(),
    releaseHash: text('release_hash').notNull(),
    /** What opens its hash; salt and messages are the payer's. */
    nonce: text().notNull(),
    salt: text().notNull(),
    messages: json().notNull(),
    runHash: text('run_hash').notNull(),
    limit: wei('limit').notNull(), // of all it may cost
    /** running, done, failed, interrupted (when the service ended) */
    status: text().notNull(),
    /** Why it failed: {status, code, message, detail}. */
    error: json(),
    /** Of the agent's own receipt, once there is an answer. */
    receiptHash: text('receipt_hash'),
    created: whole('created').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('agent_runs_key').on(table.channel, table.idempotencyKey),
    uniqueIndex('agent_runs_parent').on(table.parentRun, table.parentStep),
    index('agent_runs_open').on(table.status).where(sql`status = 'running'`),
  ],
);

/** What a run has done, each step stored before the next begins: it goes on from here. */
export const agentSteps = pgTable(
  'agent_steps',
  {
    runId: uuid('run_id').notNull(),
    step: integer('step').notNull(),
    kind: text().notNull(), // model, retrieve, tool, agent
    name: text().notNull(),
    input: json().notNull(),
    output: json().notNull(), // {text, calls?}
    error: text(),
    receiptHash: text('receipt_hash'),
    sequence: whole('sequence'),
    cost: wei('cost').notNull(), // with all inside
    ms: whole('ms').notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.step] })],
);

/** Who earned what in which role by a receipt: the allocation by source. */
export const earnings = pgTable(
  'earnings',
  {
    receiptHash: text('receipt_hash').notNull(),
    account: text().notNull(),
    role: text().notNull(),
    datanetId: whole('datanet_id').notNull(), // 0: none
    modelId: whole('model_id').notNull(),
    amount: wei('amount').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.receiptHash, table.account, table.role, table.datanetId] }),
    index('earnings_account').on(table.account),
  ],
);

/** A batch of receipts on its way to finality. Truth is the chain; a row goes back to `built` when its transaction vanishes. */
export const batches = pgTable('batches', {
  batchIndex: whole('batch_index').primaryKey(),
  /** built, pending, final; voided until its refunds are done, then the row goes and `voided_batches` remembers it */
  status: text().notNull(),
  feeVersion: whole('fee_version').notNull(),
  dayIndex: whole('day_index').notNull(),
  parameters: json().notNull(),
  receipts: whole('receipts').notNull(),
  collected: wei('collected').notNull(),
  /** Rewards of all time after this batch: [{account, amount, weight}]. */
  rewards: json().notNull(),
  dataCid: text('data_cid'),
  /** Body and rewards as sent last; the settled ones once pending. */
  header: json(),
  headerHash: text('header_hash'),
  settledAt: whole('settled_at'),
  finalAt: whole('final_at'),
  createdAt: createdAt(),
});

/** Batches that a proof made void, as the chain tells them. Their numbers are used again, their header hashes are not. */
export const voidedBatches = pgTable(
  'voided_batches',
  {
    headerHash: text('header_hash').primaryKey(),
    batchIndex: whole('batch_index').notNull(),
    /** Whether the proof was of this batch; else it was built on the one that was. */
    isAccused: boolean('is_accused').notNull(),
    fault: text().notNull(),
    /** What the proof was about, where its calldata tells: the hash of a settled receipt that is wrong as it was signed. */
    wrongReceipt: text('wrong_receipt'),
    challenger: text().notNull(),
    transaction: text().notNull(), // the proof's
    header: json().notNull(),
    receipts: whole('receipts').notNull(),
    collected: wei('collected').notNull(),
    settledAt: whole('settled_at').notNull(),
    dataCid: text('data_cid'),
    /** Its refunds are done and its receipts were freed, or left out. */
    isReleased: boolean('is_released').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('voided_batches_index').on(table.batchIndex)],
);

/** Outbox: a transaction is signed, with its nonce and hash, and stored before it is sent. */
export const transactions = pgTable(
  'transactions',
  {
    id: uuid().primaryKey(),
    purpose: text().notNull(), // e.g. settle:4, attest:2
    recipient: text().notNull(),
    data: text().notNull(),
    nonce: whole('nonce').notNull(),
    hash: text().notNull(),
    raw: text().notNull(),
    /** stored, sent, mined, reverted, replaced, final */
    status: text().notNull(),
    blockNumber: whole('block_number'),
    blockHash: text('block_hash'),
    createdAt: createdAt(),
  },
  (table) => [index('transactions_purpose').on(table.purpose), index('transactions_status').on(table.status)],
);

/** From how much on an account asks keepers to pay it out, as the chain tells it. */
export const payoutThresholds = pgTable('payout_thresholds', {
  account: text().primaryKey(),
  threshold: wei('threshold').notNull(),
});

/** What contracts and accounts ask on chain, as the events tell it, and whether it still concerns this operator. */
export const inferenceRequests = pgTable(
  'inference_requests',
  {
    requestId: whole('request_id').primaryKey(),
    requester: text().notNull(),
    releaseHash: text('release_hash').notNull(),
    termsVersion: whole('terms_version').notNull(),
    operator: text().notNull(), // the named one; the zero address: any
    maxFee: wei('max_fee').notNull(),
    deadline: whole('deadline').notNull(),
    promptDigest: text('prompt_digest').notNull(),
    prompt: text(), // as hex; null where it lies under the CID
    promptCid: text('prompt_cid'),
    /** open: to be looked at; declined, done: not any more, `reason` says why */
    status: text().notNull(),
    reason: text(),
    createdAt: createdAt(),
  },
  (table) => [index('inference_requests_status').on(table.status)],
);

/** Channels for which a receipt of a request was made: several, if a reorganisation changed when it was accepted. */
export const requestChannels = pgTable(
  'request_channels',
  { channel: text().primaryKey(), requestId: whole('request_id').notNull() },
  (table) => [index('request_channels_request').on(table.requestId)],
);

/** What readers found wrong with an answer, or with one record behind it (`recordId` 0: the answer as a whole). */
export const flags = pgTable(
  'flags',
  {
    id: uuid().primaryKey(),
    receiptHash: text('receipt_hash').notNull(),
    recordId: text('record_id').notNull(),
    signer: text().notNull(), // the answer's payer, or its session key
    reason: text().notNull(),
    note: text().notNull(),
    disclose: boolean().notNull(), // whether reviewers may read question and answer
    signature: text().notNull(),
    created: whole('created').notNull().default(sql`extract(epoch from now())::bigint`),
  },
  (table) => [uniqueIndex('flags_once').on(table.receiptHash, table.recordId, table.signer)],
);

/** The datanets whose reviewers a flag concerns. */
export const flagDatanets = pgTable(
  'flag_datanets',
  { flagId: uuid('flag_id').notNull(), datanetId: whole('datanet_id').notNull() },
  (table) => [primaryKey({ columns: [table.flagId, table.datanetId] }), index('flag_datanets_datanet').on(table.datanetId)],
);

/** What was said about proposals, each message with its author's signature. */
export const remarks = pgTable(
  'remarks',
  {
    hash: text().primaryKey(),
    contract: text().notNull(), // in lower case
    proposalId: text('proposal_id').notNull(), // decimal
    author: text().notNull(), // in lower case
    parent: text().notNull(),
    timestamp: whole('timestamp').notNull(), // Unix seconds, as the author says
    text: text().notNull(),
    signature: text().notNull(),
    created: whole('created').notNull().default(sql`extract(epoch from now())::bigint`),
  },
  (table) => [
    index('remarks_subject').on(table.contract, table.proposalId),
    index('remarks_author').on(table.author, table.created),
  ],
);

/** The pinned document of each discussion, and how many messages are in it. */
export const threads = pgTable(
  'threads',
  {
    contract: text().notNull(),
    proposalId: text('proposal_id').notNull(),
    cid: text().notNull(),
    pinned: whole('pinned').notNull(),
  },
  (table) => [primaryKey({ columns: [table.contract, table.proposalId] })],
);

/** How far the chain has been read. */
export const cursors = pgTable('cursors', {
  name: text().primaryKey(),
  blockNumber: whole('block_number').notNull(),
  blockHash: text('block_hash').notNull(),
});

/** Contributions as the chain tells them. */
export const contributions = pgTable(
  'contributions',
  {
    contributionId: whole('contribution_id').primaryKey(),
    datanetId: whole('datanet_id').notNull(),
    contributor: text().notNull(),
    reviewer: text(),
    /** committed, revealed, accepted, rejected, withdrawn, revoked */
    status: text().notNull(),
    cid: text(),
    recordsRoot: text('records_root'),
    records: whole('records').notNull(),
    acceptedBlock: whole('accepted_block'),
    acceptedLogIndex: whole('accepted_log_index'),
    /** Where its contributor took it out again; it was accepted until then. */
    revokedBlock: whole('revoked_block'),
    revokedLogIndex: whole('revoked_log_index'),
  },
  (table) => [index('contributions_datanet').on(table.datanetId)],
);

/** Grants to retrieve from datanets that were ever approved; whether one is live is asked of the chain for each call. */
export const retrievalGrants = pgTable(
  'retrieval_grants',
  {
    grantId: whole('grant_id').primaryKey(),
    datanetId: whole('datanet_id').notNull(),
    requester: text().notNull(),
  },
  (table) => [index('retrieval_grants_requester').on(table.requester, table.datanetId)],
);

/** Published datanet versions; a version holds what was accepted before its event. */
export const versions = pgTable(
  'versions',
  {
    datanetId: whole('datanet_id').notNull(),
    version: whole('version').notNull(),
    root: text().notNull(),
    blockNumber: whole('block_number').notNull(),
    logIndex: whole('log_index').notNull(),
  },
  (table) => [primaryKey({ columns: [table.datanetId, table.version] })],
);

/** Training jobs seen on chain, with what this operator did about them. */
export const trainingJobs = pgTable('training_jobs', {
  jobId: whole('job_id').primaryKey(),
  modelId: whole('model_id').notNull(),
  requester: text().notNull(),
  baseModel: text('base_model').notNull(),
  datanetsHash: text('datanets_hash').notNull(),
  specCid: text('spec_cid').notNull(),
  /** open, declined, quoted, taken, accepted, uploading, training, finishing, attested, failed, timed-out, refunded */
  status: text().notNull(),
  price: wei('price'),
  duration: whole('duration'),
  checkpoints: whole('checkpoints'),
  deliverBy: whole('deliver_by'),
  /** Where it was accepted; null for what was accepted before this was kept. */
  acceptedBlock: whole('accepted_block'),
  acceptedLogIndex: whole('accepted_log_index'),
  engineSeq: whole('engine_seq').notNull().default(-1), // last event relayed from the engine
  releaseHash: text('release_hash'),
  error: text(),
  hint: text(),
  createdAt: createdAt(),
});

/** Append-only log of a job: the engine's events and the service's own, replayed to anyone who asks. */
export const jobEvents = pgTable(
  'job_events',
  {
    jobId: whole('job_id').notNull(),
    seq: whole('seq').notNull(),
    time: whole('time').notNull(),
    type: text().notNull(),
    data: json().notNull(),
  },
  (table) => [primaryKey({ columns: [table.jobId, table.seq] })],
);

/** What models shall be measured on, by the commitment that jobs name; published with the release. */
export const evaluationItems = pgTable('evaluation_items', {
  commitment: text().primaryKey(),
  items: json().notNull(), // the document with salt and questions
  /** Ids of the records that they were drawn from; null for questions of the proposer's own. */
  recordIds: json('record_ids'),
  createdAt: createdAt(),
});

/** Releases made here, or adopted from other operators, with the rows of their attribution index: what receipts are computed and proved from. */
export const releases = pgTable('releases', {
  releaseHash: text('release_hash').primaryKey(),
  modelId: whole('model_id').notNull(),
  jobId: whole('job_id').notNull(),
  adapter: text().notNull(),
  release: json().notNull(),
  datanets: json().notNull(), // [{datanetId, version, root}]
  manifestCid: text('manifest_cid').notNull(),
  evaluationCid: text('evaluation_cid').notNull(),
  indexCid: text('index_cid').notNull(),
  /** [{position, recordId, contributor, reviewer, contributionId, datanetId, cluster, tokensRoot, scaleBits, rowRoot, source}] */
  rows: json().notNull(),
  createdAt: createdAt(),
});
