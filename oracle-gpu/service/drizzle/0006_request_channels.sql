CREATE TABLE "request_channels" (
	"channel" text PRIMARY KEY NOT NULL,
	"request_id" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "request_channels_request" ON "request_channels" USING btree ("request_id");