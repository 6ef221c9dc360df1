CREATE TABLE "batches" (
	"batch_index" bigint PRIMARY KEY NOT NULL,
	"status" text NOT NULL,
	"fee_version" bigint NOT NULL,
	"day_index" bigint NOT NULL,
	"parameters" json NOT NULL,
	"receipts" bigint NOT NULL,
	"collected" numeric(78, 0) NOT NULL,
	"rewards" json NOT NULL,
	"data_cid" text,
	"header" json,
	"header_hash" text,
	"settled_at" bigint,
	"final_at" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "calls" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"status" text NOT NULL,
	"reserved" numeric(78, 0) NOT NULL,
	"created" bigint NOT NULL,
	"model" text NOT NULL,
	"stream" boolean NOT NULL,
	"include_usage" boolean NOT NULL,
	"delivered" json,
	"receipt_hash" text,
	"response" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contributions" (
	"contribution_id" bigint PRIMARY KEY NOT NULL,
	"datanet_id" bigint NOT NULL,
	"contributor" text NOT NULL,
	"reviewer" text,
	"status" text NOT NULL,
	"cid" text,
	"records_root" text,
	"records" bigint NOT NULL,
	"accepted_block" bigint,
	"accepted_log_index" bigint
);
--> statement-breakpoint
CREATE TABLE "cursors" (
	"name" text PRIMARY KEY NOT NULL,
	"block_number" bigint NOT NULL,
	"block_hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "earnings" (
	"receipt_hash" text NOT NULL,
	"account" text NOT NULL,
	"role" text NOT NULL,
	"datanet_id" bigint NOT NULL,
	"model_id" bigint NOT NULL,
	"amount" numeric(78, 0) NOT NULL,
	CONSTRAINT "earnings_receipt_hash_account_role_datanet_id_pk" PRIMARY KEY("receipt_hash","account","role","datanet_id")
);
--> statement-breakpoint
CREATE TABLE "job_events" (
	"job_id" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"time" bigint NOT NULL,
	"type" text NOT NULL,
	"data" json NOT NULL,
	CONSTRAINT "job_events_job_id_seq_pk" PRIMARY KEY("job_id","seq")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"hash" text PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"sequence" bigint NOT NULL,
	"payer" text NOT NULL,
	"model_id" bigint NOT NULL,
	"release_hash" text NOT NULL,
	"fee" numeric(78, 0) NOT NULL,
	"fee_version" bigint NOT NULL,
	"day_index" bigint NOT NULL,
	"parameters_hash" text NOT NULL,
	"bundle" json NOT NULL,
	"secret" json NOT NULL,
	"signature" text,
	"status" text NOT NULL,
	"batch_index" bigint,
	"is_public" boolean NOT NULL,
	"created" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"release_hash" text PRIMARY KEY NOT NULL,
	"model_id" bigint NOT NULL,
	"job_id" bigint NOT NULL,
	"adapter" text NOT NULL,
	"release" json NOT NULL,
	"datanets" json NOT NULL,
	"manifest_cid" text NOT NULL,
	"evaluation_cid" text NOT NULL,
	"index_cid" text NOT NULL,
	"rows" json NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"channel" text PRIMARY KEY NOT NULL,
	"key_hash" text NOT NULL,
	"payer" text NOT NULL,
	"signer" text NOT NULL,
	"ceiling" numeric(78, 0) NOT NULL,
	"max_sequence" bigint NOT NULL,
	"app" text NOT NULL,
	"app_markup_bps" integer NOT NULL,
	"expiry" bigint NOT NULL,
	"signature" text NOT NULL,
	"spent" numeric(78, 0) NOT NULL,
	"reserved" numeric(78, 0) NOT NULL,
	"sequence" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "training_jobs" (
	"job_id" bigint PRIMARY KEY NOT NULL,
	"model_id" bigint NOT NULL,
	"requester" text NOT NULL,
	"base_model" text NOT NULL,
	"datanets_hash" text NOT NULL,
	"spec_cid" text NOT NULL,
	"status" text NOT NULL,
	"price" numeric(78, 0),
	"duration" bigint,
	"checkpoints" bigint,
	"deliver_by" bigint,
	"engine_seq" bigint DEFAULT -1 NOT NULL,
	"release_hash" text,
	"error" text,
	"hint" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "transactions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"purpose" text NOT NULL,
	"recipient" text NOT NULL,
	"data" text NOT NULL,
	"nonce" bigint NOT NULL,
	"hash" text NOT NULL,
	"raw" text NOT NULL,
	"status" text NOT NULL,
	"block_number" bigint,
	"block_hash" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "versions" (
	"datanet_id" bigint NOT NULL,
	"version" bigint NOT NULL,
	"root" text NOT NULL,
	"block_number" bigint NOT NULL,
	"log_index" bigint NOT NULL,
	CONSTRAINT "versions_datanet_id_version_pk" PRIMARY KEY("datanet_id","version")
);
--> statement-breakpoint
ALTER TABLE "calls" ADD CONSTRAINT "calls_channel_sessions_channel_fk" FOREIGN KEY ("channel") REFERENCES "public"."sessions"("channel") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "calls_idempotency" ON "calls" USING btree ("channel","idempotency_key");--> statement-breakpoint
CREATE INDEX "calls_status" ON "calls" USING btree ("status");--> statement-breakpoint
CREATE INDEX "contributions_datanet" ON "contributions" USING btree ("datanet_id");--> statement-breakpoint
CREATE INDEX "earnings_account" ON "earnings" USING btree ("account");--> statement-breakpoint
CREATE UNIQUE INDEX "receipts_channel_sequence" ON "receipts" USING btree ("channel","sequence");--> statement-breakpoint
CREATE INDEX "receipts_batch" ON "receipts" USING btree ("batch_index");--> statement-breakpoint
CREATE INDEX "receipts_payer" ON "receipts" USING btree ("payer","created");--> statement-breakpoint
CREATE INDEX "receipts_model" ON "receipts" USING btree ("model_id","created");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_key_hash" ON "sessions" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "sessions_payer" ON "sessions" USING btree ("payer");--> statement-breakpoint
CREATE INDEX "transactions_purpose" ON "transactions" USING btree ("purpose");--> statement-breakpoint
CREATE INDEX "transactions_status" ON "transactions" USING btree ("status");