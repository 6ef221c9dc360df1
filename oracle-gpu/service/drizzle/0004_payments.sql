CREATE TABLE "payments" (
	"payer" text NOT NULL,
	"nonce" text NOT NULL,
	"request_hash" text NOT NULL,
	"amount" numeric(78, 0) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payments_payer_nonce_pk" PRIMARY KEY("payer","nonce")
);
