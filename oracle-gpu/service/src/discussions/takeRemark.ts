import {
  contractAddress,
  hashRemark,
  isSignedRemark,
  kindOfGovernor,
  longestThread,
  modelProposalsAbi,
  openGovernorAbi,
  type SignedRemark,
  type Subject,
  zeroHash,
} from '@openledger/sdk';
import { and, eq, gte, sql } from 'drizzle-orm';
import { BaseError, ContractFunctionRevertedError, type Hex, isAddressEqual } from 'viem';
import { type Context, now } from '../context.ts';
import { remarks } from '../db/schema.ts';
import { ServiceError } from '../errors.ts';
import { ofSubject, pinThread } from './threads.ts';

/** How far an author's clock may be from this one, in seconds. */
const clockSlack = 600;

/** Messages of one account that are taken within an hour. */
const mostPerAuthor = 20;

/**
 * Keeps what somebody says about a proposal, and pins the thread with it. To be called in turns. Whoever signs may speak:
 * what limits it is a proposal that exists, the clock, an hour's messages of one account and the length of a thread.
 * @returns its hash and the thread's CID; the same message again returns the first one's
 */
export async function takeRemark(
  context: Pick<Context, 'db' | 'chain' | 'config' | 'ipfs' | 'log'>,
  remark: SignedRemark,
): Promise<{ hash: Hex; cid: string | null }> {
  const { db, chain } = context;
  const hash = hashRemark(remark, chain.chainId);
  const known = await db.$count(remarks, eq(remarks.hash, hash));
  if (known === 0) {
    const verify = chain.client.verifyTypedData.bind(chain.client);
    if (!(await isSignedRemark(remark, chain.chainId, verify)))
      throw new ServiceError(
        401,
        'invalid_signature',
        `The signature is not ${remark.author}'s of this message: let its wallet sign it.`,
      );
    requirePresent(remark);
    await requireProposal(context, remark);
    await requireRoom(context, remark);
    await db.insert(remarks).values({
      ...remark,
      hash,
      contract: remark.contract.toLowerCase(),
      proposalId: remark.proposalId.toString(),
      author: remark.author.toLowerCase(),
    });
  }
  return { hash, cid: await pinThread(context, remark) };
}

function requirePresent({ timestamp }: SignedRemark): void {
  if (Math.abs(now() - timestamp) <= clockSlack) return;
  throw new ServiceError(400, 'wrong_clock', 'The message says another time than it is now: set your clock and sign it again.', {
    now: now(),
  });
}

async function requireProposal(
  { chain: { client }, config: { deployment } }: Pick<Context, 'chain' | 'config'>,
  subject: Subject,
) {
  const { contract: address, proposalId } = subject;
  const missing = new ServiceError(
    404,
    'proposal_not_found',
    `There is no proposal ${proposalId} at ${address}: name a governor or ModelProposals, and a proposal of its own.`,
  );
  if (isAddressEqual(address, contractAddress(deployment, 'ModelProposals'))) {
    const count = await client.readContract({ address, abi: modelProposalsAbi, functionName: 'proposalCount' });
    if (proposalId === 0n || proposalId > BigInt(count)) throw missing;
    return;
  }
  if (!kindOfGovernor(deployment, address)) throw missing;
  await client
    .readContract({ address, abi: openGovernorAbi, functionName: 'state', args: [proposalId] })
    .catch((error: unknown) => {
      const isRevert = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
      throw isRevert ? missing : error;
    });
}

async function requireRoom({ db }: Pick<Context, 'db'>, remark: SignedRemark): Promise<void> {
  const { parent, author } = remark;
  const answered = parent === zeroHash ? 1 : await db.$count(remarks, and(ofSubject(remark), eq(remarks.hash, parent)));
  if (answered === 0)
    throw new ServiceError(404, 'parent_not_found', `No message ${parent} is in this discussion: answer one that is.`);
  const lastHour = and(
    eq(remarks.author, author.toLowerCase()),
    gte(remarks.created, sql<number>`extract(epoch from now())::bigint - 3600`),
  );
  if ((await db.$count(remarks, lastHour)) >= mostPerAuthor)
    throw new ServiceError(
      429,
      'too_many_requests',
      `${mostPerAuthor} messages of yours were taken within an hour: try again later.`,
      { retryAfter: 3_600 },
    );
  if ((await db.$count(remarks, ofSubject(remark))) >= longestThread)
    throw new ServiceError(409, 'thread_full', `This discussion has ${longestThread} messages, which is as long as it gets.`);
}
