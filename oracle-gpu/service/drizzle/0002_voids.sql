CREATE TABLE "voided_batches" (
	"header_hash" text PRIMARY KEY NOT NULL,
	"batch_index" bigint NOT NULL,
	"is_accused" boolean NOT NULL,
	"fault" text NOT NULL,
	"wrong_receipt" text,
	"challenger" text NOT NULL,
	"transaction" text NOT NULL,
	"header" json NOT NULL,
	"receipts" bigint NOT NULL,
	"collected" numeric(78, 0) NOT NULL,
	"settled_at" bigint NOT NULL,
	"data_cid" text,
	"is_released" boolean NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "receipts" ADD COLUMN "reason" text;--> statement-breakpoint
CREATE INDEX "voided_batches_index" ON "voided_batches" USING btree ("batch_index");--> statement-breakpoint
CREATE INDEX "receipts_left_out" ON "receipts" USING btree ("channel") WHERE status IN ('held', 'unpaid');