CREATE TABLE "retrieval_grants" (
	"grant_id" bigint PRIMARY KEY NOT NULL,
	"datanet_id" bigint NOT NULL,
	"requester" text NOT NULL
);
--> statement-breakpoint
CREATE INDEX "retrieval_grants_requester" ON "retrieval_grants" USING btree ("requester","datanet_id");--> statement-breakpoint
-- Grants were not read until now: the chain is read again, which may be repeated.
DELETE FROM "cursors" WHERE "name" = 'chain';
