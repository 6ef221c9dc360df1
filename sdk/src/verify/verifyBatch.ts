import type { Address, Hex } from 'viem';
import { allocationHash } from '../evidence/allocationHash.ts';
import { type Allocation, evidenceSchema } from '../evidence/evidence.ts';
import { evidenceHash } from '../evidence/evidenceHash.ts';
import { type BatchHeader, headerHash, parametersHash } from '../settlement/batch.ts';
import type { BatchFile, SettledReceipt } from '../settlement/batchFile.ts';
import { addRewards, allocationsTree, receiptsTree, rewardsTree, sortReceipts } from '../settlement/batchTrees.ts';
import { channelId } from '../settlement/channelId.ts';
import { compositionHash } from '../settlement/composition.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { receiptDigests } from '../settlement/receipt.ts';
import { type RecoverSigner, signedBy } from '../settlement/signedBy.ts';
import type { Commitment } from '../tree/nodes.ts';
import { attempt, type Check, check, sameAddress, skipped } from './checks.ts';
import type { Verification } from './verifyReceipt.ts';

export type BatchContext = {
  chainId: number;
  settlement: Address;
  /** The operator's registered signer. */
  signer: Address;
  /** What Settlement.headerHash returns for this batch. */
  storedHeaderHash: Hex;
  /** Rewards of all time in the operator's batch before; empty for its first. */
  previousRewards?: readonly Allocation[];
  /** Recovers signers where there is native code for it; else done by the key that they share, in JavaScript. */
  recover?: RecoverSigner;
};

/** Checks a batch's file against its header: signatures, hashes, the three trees and their sums. Never throws. */
export async function verifyBatch(file: BatchFile, header: BatchHeader, context: BatchContext): Promise<Verification> {
  const { body } = header;
  const checks = await Promise.all([
    attempt('header', () =>
      check(
        'header',
        headerHash(header) === context.storedHeaderHash,
        'The header is the one stored on chain.',
        'The header does not hash to what the chain stores.',
      ),
    ),
    attempt('belongs', () =>
      check(
        'belongs',
        sameAddress(file.operator, body.operator) &&
          file.batchIndex === body.batchIndex &&
          file.feeVersion === body.feeVersion &&
          file.dayIndex === body.dayIndex,
        'Operator, number, fee version and day of the file are those of the header.',
        'Operator, number, fee version or day of the file differ from the header.',
      ),
    ),
    attempt('parameters', () =>
      check(
        'parameters',
        parametersHash(file.parameters) === body.parametersHash,
        'The parameters are those the header commits.',
        'The parameters are not those the header commits.',
      ),
    ),
    attempt('order', () => checkOrder(file)),
    attempt('signatures', () => checkSignatures(file, context)),
    attempt('hashes', () => checkHashes(file)),
    attempt('allocations', () => checkAllocations(file)),
    attempt('receiptsTree', () => checkTree('receiptsTree', 'receipts', receiptsTree(file.receipts), body.receipts)),
    attempt('allocationsTree', () =>
      checkTree('allocationsTree', 'allocations', allocationsTree(file.receipts), body.allocations),
    ),
    attempt('rewardsTree', () => checkTree('rewardsTree', 'rewards', rewardsTree(file.rewards), header.rewards)),
    attempt('sums', () =>
      check(
        'sums',
        body.allocations.amount + body.protocolFee === body.receipts.amount,
        `${body.allocations.amount} wei allocated and ${body.protocolFee} wei protocol fee are the ${body.receipts.amount} wei collected, to the wei.`,
        'Allocations and protocol fee are not what was collected.',
      ),
    ),
    attempt('growth', () => checkGrowth(file, context)),
  ]);
  return { ok: checks.every(({ status }) => status !== 'failed'), checks };
}

function checkOrder({ receipts }: BatchFile): Check {
  const sorted = sortReceipts(receipts);
  return check(
    'order',
    sorted.every((item, index) => item === receipts[index]),
    'Receipts stand in tree order.',
    'Receipts do not stand in tree order.',
  );
}

async function checkSignatures({ receipts, operator }: BatchFile, context: BatchContext): Promise<Check> {
  const { chainId, settlement, signer, recover } = context;
  const digests = receiptDigests(
    receipts.map(({ receipt }) => receipt),
    openLedgerDomain(chainId, settlement),
  );
  const signed = receipts.map(({ signature }, index) => ({ digest: digests[index] as Hex, signature }));
  const wrong = (await signedBy(signer, signed, recover)).filter((isSigned) => !isSigned).length;
  return check(
    'signatures',
    wrong === 0,
    `All ${receipts.length} receipts are signed by ${signer} for ${operator}.`,
    `${wrong} of ${receipts.length} receipts are not signed by the operator's signer.`,
  );
}

function checkHashes(file: BatchFile): Check {
  const opens = ({ receipt, evidence, composition, payer, signer }: SettledReceipt): boolean =>
    channelId({ payer, signer, operator: file.operator }) === receipt.channel &&
    compositionHash(composition) === receipt.compositionHash &&
    evidenceHash(evidenceSchema.parse(evidence)) === receipt.evidenceHash &&
    receipt.feeVersion === file.feeVersion;
  const wrong = file.receipts.filter((item) => !opens(item)).length;
  return check(
    'hashes',
    wrong === 0,
    'Every receipt binds its channel, composition, evidence and fee version.',
    `${wrong} of ${file.receipts.length} receipts do not bind the channel, composition, evidence or fee version shown.`,
  );
}

function checkAllocations({ receipts }: BatchFile): Check {
  const wrong = receipts.filter(({ receipt, allocations }) => allocationHash(allocations) !== receipt.allocationHash).length;
  return check(
    'allocations',
    wrong === 0,
    'Every receipt binds its allocation.',
    `${wrong} of ${receipts.length} receipts bind another allocation than the one settled.`,
  );
}

function checkTree(name: string, what: string, built: Commitment, stated: Commitment): Check {
  const same =
    built.root === stated.root &&
    built.count === stated.count &&
    built.amount === stated.amount &&
    built.weight === stated.weight;
  return check(
    name,
    same,
    `The tree of ${what} is the one the header commits.`,
    `The tree of ${what} differs from the one the header commits.`,
  );
}

function checkGrowth({ rewards, receipts }: BatchFile, { previousRewards }: BatchContext): Check {
  if (!previousRewards)
    return skipped('growth', 'Whether rewards grew by exactly the allocations needs the batch before, which was not given.');
  const expected = addRewards(previousRewards, receipts);
  const same = rewardsTree(expected).root === rewardsTree(rewards).root;
  return check(
    'growth',
    same,
    'Rewards grew by exactly what this batch allocates.',
    'Rewards grew by something else than what this batch allocates.',
  );
}
