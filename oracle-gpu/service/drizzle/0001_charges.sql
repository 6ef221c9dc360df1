ALTER TABLE "calls" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "calls" CASCADE;--> statement-breakpoint
ALTER TABLE "receipts" ALTER COLUMN "signature" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "reserved";--> statement-breakpoint
CREATE TABLE "answers" (
	"channel" text NOT NULL,
	"idempotency_key" text NOT NULL,
	"request_hash" text NOT NULL,
	"id" uuid NOT NULL,
	"created" bigint NOT NULL,
	"model" text NOT NULL,
	"stream" boolean NOT NULL,
	"include_usage" boolean NOT NULL,
	"delivered" json NOT NULL,
	"receipt_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "answers_channel_idempotency_key_pk" PRIMARY KEY("channel","idempotency_key")
);
