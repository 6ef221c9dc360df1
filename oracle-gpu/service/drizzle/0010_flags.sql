CREATE TABLE "flag_datanets" (
	"flag_id" uuid NOT NULL,
	"datanet_id" bigint NOT NULL,
	CONSTRAINT "flag_datanets_flag_id_datanet_id_pk" PRIMARY KEY("flag_id","datanet_id")
);
--> statement-breakpoint
CREATE TABLE "flags" (
	"id" uuid PRIMARY KEY NOT NULL,
	"receipt_hash" text NOT NULL,
	"record_id" text NOT NULL,
	"signer" text NOT NULL,
	"reason" text NOT NULL,
	"note" text NOT NULL,
	"disclose" boolean NOT NULL,
	"signature" text NOT NULL,
	"created" bigint DEFAULT extract(epoch from now())::bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "flag_datanets_datanet" ON "flag_datanets" USING btree ("datanet_id");--> statement-breakpoint
CREATE UNIQUE INDEX "flags_once" ON "flags" USING btree ("receipt_hash","record_id","signer");