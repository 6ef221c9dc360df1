import { type Abi, type Address, encodeFunctionData, erc20Abi, type Hex, zeroAddress } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { paymentEscrowAbi } from '../generated/abis.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { signVoucher, type Voucher } from '../settlement/voucher.ts';
import { apiKeyHash, apiKeyOf } from './apiKey.ts';

/** A call for the payer's wallet, in viem's shape and as plain calldata. */
export type ContractCall = { address: Address; abi: Abi; functionName: string; args: readonly unknown[]; data: Hex };

export type Session = {
  /** Stays with the payer: from it the API key can be made again. */
  privateKey: Hex;
  apiKey: string;
  keyHash: Hex;
  voucher: Voucher;
  signature: Hex;
  /** What the payer's wallet sends, in this order; no deposit where `deposit` is 0. */
  calls: ContractCall[];
};

export type SessionInput = {
  deployment: Deployment;
  payer: Address;
  operator: Address;
  /** Most that calls with this key may cost in all, in wei. */
  ceiling: bigint;
  /** OPEN to add to the payer's escrow with the operator, in wei. */
  deposit?: bigint;
  /** Unix time after which the key is worth nothing. */
  expiry: number;
  app?: Address;
  appMarkupBps?: number;
  /** For tests; otherwise a new key. */
  privateKey?: Hex;
};

const maxSequence = 0xffff_ffff;

/**
 * Makes a session: a key of its own, the calls with which the payer authorises it once, and its voucher for the full
 * ceiling. Send the calls, then give voucher, signature and keyHash to the gateway (`openSession`).
 */
export async function createSession(input: SessionInput): Promise<Session> {
  const { deployment, payer, operator, ceiling, expiry, deposit = 0n } = input;
  const privateKey = input.privateKey ?? generatePrivateKey();
  const account = privateKeyToAccount(privateKey);
  const escrow = contractAddress(deployment, 'PaymentEscrow');
  const voucher: Voucher = {
    payer,
    operator,
    signer: account.address,
    cumulativeCeiling: ceiling,
    maxSequence,
    app: input.app ?? zeroAddress,
    appMarkupBps: input.appMarkupBps ?? 0,
    expiry,
  };
  const signature = await signVoucher(account, voucher, openLedgerDomain(deployment.chainId, escrow));
  const apiKey = apiKeyOf(privateKey);
  const approve = call(contractAddress(deployment, 'OpenToken'), erc20Abi as Abi, 'approve', [escrow, deposit]);
  const pay = call(escrow, paymentEscrowAbi as Abi, 'deposit', [payer, operator, deposit]);
  const authorize = call(escrow, paymentEscrowAbi as Abi, 'authorizeSession', [operator, account.address, ceiling, expiry]);
  const calls = deposit > 0n ? [approve, pay, authorize] : [authorize];
  return { privateKey, apiKey, keyHash: apiKeyHash(apiKey), voucher, signature, calls };
}

function call(address: Address, abi: Abi, functionName: string, args: readonly unknown[]): ContractCall {
  return { address, abi, functionName, args, data: encodeFunctionData({ abi, functionName, args }) };
}
