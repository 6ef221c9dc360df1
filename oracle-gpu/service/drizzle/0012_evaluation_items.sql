CREATE TABLE "evaluation_items" (
	"commitment" text PRIMARY KEY NOT NULL,
	"items" json NOT NULL,
	"record_ids" json,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
