CREATE TABLE "inference_requests" (
	"request_id" bigint PRIMARY KEY NOT NULL,
	"requester" text NOT NULL,
	"release_hash" text NOT NULL,
	"terms_version" bigint NOT NULL,
	"operator" text NOT NULL,
	"max_fee" numeric(78, 0) NOT NULL,
	"deadline" bigint NOT NULL,
	"prompt_digest" text NOT NULL,
	"prompt" text,
	"prompt_cid" text,
	"status" text NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "inference_requests_status" ON "inference_requests" USING btree ("status");