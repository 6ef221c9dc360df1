CREATE TABLE "remarks" (
	"hash" text PRIMARY KEY NOT NULL,
	"contract" text NOT NULL,
	"proposal_id" text NOT NULL,
	"author" text NOT NULL,
	"parent" text NOT NULL,
	"timestamp" bigint NOT NULL,
	"text" text NOT NULL,
	"signature" text NOT NULL,
	"created" bigint DEFAULT extract(epoch from now())::bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "threads" (
	"contract" text NOT NULL,
	"proposal_id" text NOT NULL,
	"cid" text NOT NULL,
	"pinned" bigint NOT NULL,
	CONSTRAINT "threads_contract_proposal_id_pk" PRIMARY KEY("contract","proposal_id")
);
--> statement-breakpoint
CREATE INDEX "remarks_subject" ON "remarks" USING btree ("contract","proposal_id");--> statement-breakpoint
CREATE INDEX "remarks_author" ON "remarks" USING btree ("author","created");