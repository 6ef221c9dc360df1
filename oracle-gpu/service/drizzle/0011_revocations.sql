ALTER TABLE "contributions" ADD COLUMN "revoked_block" bigint;--> statement-breakpoint
ALTER TABLE "contributions" ADD COLUMN "revoked_log_index" bigint;--> statement-breakpoint
ALTER TABLE "training_jobs" ADD COLUMN "accepted_block" bigint;--> statement-breakpoint
ALTER TABLE "training_jobs" ADD COLUMN "accepted_log_index" bigint;