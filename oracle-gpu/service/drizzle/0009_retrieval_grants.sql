CREATE TABLE "retrieval_grants" (
	"grant_id" bigint PRIMARY KEY NOT NULL,
	"datanet_id" bigint NOT NULL,
	"requester" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "retrieval_grants_requester" ON "retrieval_grants" USING btree ("requester","datanet_id");