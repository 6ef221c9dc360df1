CREATE TABLE "payout_thresholds" (
	"account" text PRIMARY KEY NOT NULL,
	"threshold" numeric(78, 0) NOT NULL
);
