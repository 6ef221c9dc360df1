import { replayTolerance } from '@openledger/sdk';

const sources = `Where things are (else from the environment, else the local stack's):
  --rpc <url>          the chain's node              OPENLEDGER_RPC_URL     http://127.0.0.1:8545
  --deployment <file>  addresses of the contracts    OPENLEDGER_DEPLOYMENT  .openledger/deployments/31337.json
  --ipfs <url>         an IPFS node (Kubo's RPC)     OPENLEDGER_IPFS_URL    http://127.0.0.1:5001`;

/** Help of each command, by its words. */
export const help: Readonly<Record<string, string>> = {
  '': `openledger: check what operators sign and settle, without trusting them.

  openledger receipt verify <file>              everything in one receipt
  openledger receipt replay <file>              whether an engine of one's own gives the same answer
  openledger batch verify <operator> <index>    everything in one settled batch
  openledger batch verify --dry-run             the batch that one's own service would settle next
  openledger data request <operator> <index>    asks on chain for what a batch commits to
  openledger watch                              every batch, as it is settled; files proofs
  openledger operator init                      checks this machine, registers, stakes, answers once
  openledger held                               receipts that one's own service holds back, and what to do
  openledger round prepare <a> <b> <file>       asks two releases the same questions, for a blind round

openledger <command> --help says more. Exit code 0: nothing is wrong; 1: something is, or it could not be checked.`,
  'receipt verify': `openledger receipt verify <file>

Checks a receipt bundle (JSON as the gateway returns it, or a whole answer with its \`receipt\`; - reads standard input):
hashes, Merkle proofs of the records, fee, allocation, sums. No network is used unless --rpc is given.

  --deployment <file>  also whose signature it is
  --rpc <url>          also against the chain: signer, release, terms, fee version, developer; and, of one's own receipt,
                       the scores from its query and the rows that the release published
  --ipfs <url>         where those rows are read    OPENLEDGER_IPFS_URL    http://127.0.0.1:5001`,
  'receipt replay': `openledger receipt replay <file>

Verifies a receipt of one's own (the payer's bundle, with prompt and answer), then has an engine read the answer again:
for each token, whether the engine would have chosen it at that place, from the seed where the answer was sampled; and
whether the same records score the same. It names the first token that differs, with what the engine chooses instead and
how far apart the two are. Computers differ in the last digits, so that what lies within the tolerance counts as the same.

  --engine <url>      an engine with the release's base model and adapter    OPENLEDGER_ENGINE_URL  http://127.0.0.1:8100
  --tolerance <nats>  how far apart two tokens may be                        ${replayTolerance.nats}
  --records <file>    of an answer from sources: JSONL that holds their records, as contributed; what each source did for
                      the answer is then measured again too

Exit code 0: the same answer; 1: another one, or the receipt is wrong; 2: it cannot be told, one sentence says why.`,
  'batch verify': `openledger batch verify <operator> <index>
openledger batch verify --dry-run

Reads a batch's header from the transaction that settled it, fetches its file by CID (each block checked against its hash)
and recomputes all that is bit-exact: signatures, hashes, the three trees and their sums, channels, prices, records,
allocations, growth of rewards.

With --dry-run it is the batch that one's own service would settle next, read from its database: run it with the
service's environment. Nothing is written, pinned or sent.

${sources}`,
  'data request': `openledger data request <operator> <index> parameters
openledger data request <operator> <index> receipt <leaf>
openledger data request <operator> <index> allocations|rewards <leaf> [count]
openledger data request <operator> <index> row <leaf> <position> [chunk]

Asks on chain for what a pending batch commits to, within its window: its parameters, a receipt with all that its hashes
are taken over, up to 16 leaves of its allocations or rewards, or a row of the index that a receipt was scored with, where
rows have more than one chunk of 4,096 components. Leaves count from 0, the sentinel before the first included. The account
of OPENLEDGER_WATCH_KEY pays the bond, which is the operator's once it answers. What is not answered in time voids the batch.

  --wait              until it is answered; what is not, and what a stated score proves, is sent to the chain: exit code 1
  --receipts <folder> receipts that payers have, with whose queries a false score is proven

${sources}`,
  'operator init': `openledger operator init

Run it with the service's environment (docs/interfaces.md) before its first start. It checks machine, chain, IPFS, engine
and database, registers the account of OPENLEDGER_OPERATOR_KEY with a stake after asking, and has the engine answer once.
It may be run again: what is done is not done twice.

  --yes    stake without asking`,
  held: `openledger held
openledger held retry <channel>
openledger held forgive <channel>

Before it settles a batch the service checks it as anybody would, and holds back what is wrong with all that is behind it
on the channel. Without more words this lists it, with the reason. Run it with the service's environment; to decide, stop
the service first.

  retry    the cause is repaired: the receipts are checked again and settled
  forgive  nobody owes them any more; the channel stays closed`,
  'round prepare': `openledger round prepare <release> <release> <questions>

Asks two releases that this operator serves the same questions, one a line of the file, without randomness; pins a document
with both answers to each, left and right by a salt; and writes a file that opens an evaluation round on the page of
evaluation rounds and ends it once all ballots are shown. Who has that file knows which answer is whose: show it to nobody
before. Run it with the service's environment, beside the running service.

  --max-tokens <n>  longest answer    160
  --out <file>      where to write    round-<first digits of the assignment's hash>.json`,
  watch: `openledger watch

Follows the chain and checks every new batch as \`batch verify\` does, one line each. It reports faults by the name the
protocol gives them. With a private key in OPENLEDGER_WATCH_KEY, of an account with some ether, it files the proof of
what can be proven to the chain, gets its reward, and sends the payers their refunds; without, it says what could be
proven. It asks the chain first, so that running it twice, or beside others, costs nothing. What is not bit-exact (whether a model really gave that
answer, whether an index row is that record's gradient) nobody can see from here.

Of a batch whose data cannot be fetched, or is no batch file, it asks on chain for one receipt once half of the batch's
window has passed, if the key's account has the bond: it approves that bond and no more. What is answered pays the
operator for the answer; what is not answered in time it proves, so that the batch is void: the bond comes back with the
challenger's part of the stake.

  --from <block>       where to begin the first time     the deployment's block
  --state <file>       where it remembers its place      .openledger/watch-<chain>.json
  --once               end at the head of the chain, once everything is checked; what waits for an answer on chain
                       is looked at again by the next watch with that state
  --stop-on-fault      end at the first fault with exit code 1; else go on, and say so in the exit code at the end
  --patience <s>       how long data may be missing before it counts as withheld    600
  --poll <s>           how often it looks                                           2
  --receipts <folder>  receipts that payers hold (JSON): with them it proves what is settled otherwise than signed,
                       and false scores, left out records and false spans of their answers
  --no-asking          never ask on chain for data: no bond is ever paid
  --no-refunds         file proofs only: the payers' refunds are sent by themselves or by somebody else
  --metrics-port <n>   Prometheus metrics at http://127.0.0.1:<n>/metrics

It goes on by itself after outages of chain and IPFS. Ctrl-C ends it.

${sources}`,
};
