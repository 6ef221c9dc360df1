CREATE TABLE "agent_releases" (
	"release_hash" text PRIMARY KEY NOT NULL,
	"agent_id" bigint NOT NULL,
	"version" bigint NOT NULL,
	"model_id" bigint NOT NULL,
	"manifest_hash" text NOT NULL,
	"manifest_cid" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agent_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel" text NOT NULL,
	"payer" text NOT NULL,
	"parent_run" uuid,
	"parent_step" integer,
	"idempotency_key" text,
	"request_hash" text NOT NULL,
	"release_hash" text NOT NULL,
	"nonce" text NOT NULL,
	"salt" text NOT NULL,
	"messages" json NOT NULL,
	"run_hash" text NOT NULL,
	"limit" numeric(78, 0) NOT NULL,
	"status" text NOT NULL,
	"error" json,
	"receipt_hash" text,
	"created" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "agent_steps" (
	"run_id" uuid NOT NULL,
	"step" integer NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"input" json NOT NULL,
	"output" json NOT NULL,
	"error" text,
	"receipt_hash" text,
	"sequence" bigint,
	"cost" numeric(78, 0) NOT NULL,
	"ms" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agent_steps_run_id_step_pk" PRIMARY KEY("run_id","step")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "agent_runs_key" ON "agent_runs" USING btree ("channel","idempotency_key");--> statement-breakpoint
CREATE UNIQUE INDEX "agent_runs_parent" ON "agent_runs" USING btree ("parent_run","parent_step");--> statement-breakpoint
CREATE INDEX "agent_runs_open" ON "agent_runs" USING btree ("status") WHERE status = 'running';