import type { PaymentRequired, PaymentRequirements, SchemeNetworkClient } from '@x402/core/types';
import { type Address, erc20Abi, type Hex, isAddressEqual, type PublicClient, type WalletClient, zeroAddress } from 'viem';
import { z } from 'zod';
import { contractAddress } from '../deployment/contractAddress.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { OpenLedgerError } from '../errors/openLedgerError.ts';
import { paymentEscrowAbi } from '../generated/abis.ts';
import { randomBytes32 } from '../schema/randomBytes32.ts';
import { channelId } from '../settlement/channelId.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { recoverVoucherSigner, type Voucher, voucherSchema, voucherTypedData } from '../settlement/voucher.ts';
import {
  channelStateSchema,
  networkOf,
  paidCallTypedData,
  voucherOf,
  voucherOfferSchema,
  voucherScheme,
} from './voucherPayment.ts';

export type VoucherSchemeOptions = {
  /** The contracts to pay with. A gateway names its own in each offer; those are never believed. */
  deployment: Deployment;
  /** Signs vouchers and sends deposits; its account is the payer. */
  wallet: WalletClient;
  chain: PublicClient;
  /** Most that calls through this scheme may cost in all, and most that it deposits in all, over all operators, in wei. */
  spendingLimit: bigint;
  /** OPEN to deposit with an operator at a time, in wei, within the limit; by default ten times what the call at hand can cost. */
  depositAtOnce?: bigint;
};

/** What this side knows of its channel with one operator; cumulative amounts, in wei. */
type Channel = {
  operator: Address;
  /** Collected on chain when it was first used here: what is signed above it counts against the limit. */
  base: bigint;
  /** Known to be spent, with what the gateway has set aside for running calls. */
  spent: bigint;
  /** Highest ceiling signed here. */
  ceiling: bigint;
  /** Payments signed here. */
  made: number;
  /** What the gateway said is missing in the escrow, which other channels of the payer use too. */
  missing: bigint;
  /** Most that calls on their way can cost, by the call's nonce, until nobody answers them any more (Unix time). */
  running: Map<string, { amount: bigint; until: number }>;
};

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const seconds = (): number => Math.floor(Date.now() / 1000);
const maxSequence = 0xffff_ffff;
const voucherSeconds = 86_400;
const missingSchema = z.object({ required: z.string().transform(BigInt), available: z.string().transform(BigInt) });

/**
 * x402's `openledger-voucher` scheme for an `x402Client` of @x402/core: pays each call from the payer's channel with its
 * operator. Deposits when the escrow is short, signs a voucher up to what the call can cost, and takes over the gateway's
 * state where the two disagree, after checking that the payer signed it. Errors are sentences for people; OpenLedgerError
 * `spending_limit` comes before anything is signed or deposited beyond the limit.
 */
export function createVoucherScheme(options: VoucherSchemeOptions): SchemeNetworkClient {
  const { deployment, wallet, chain, spendingLimit, depositAtOnce } = options;
  const { chainId } = deployment;
  const escrow = contractAddress(deployment, 'PaymentEscrow');
  const token = contractAddress(deployment, 'OpenToken');
  const domain = openLedgerDomain(chainId, escrow);
  const channels = new Map<string, Channel>();
  let deposited = 0n;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const account = () => {
    if (!wallet.account) throw new Error('The wallet has no account: give the wallet client one to pay with.');
    return wallet.account;
  };
  const payer = (): Address => account().address;
  const idOf = (operator: Address): Hex => channelId({ payer: payer(), operator, signer: payer() });
  const signedBeyond = (): bigint => [...channels.values()].reduce((sum, { ceiling, base }) => sum + (ceiling - base), 0n);
  const overLimit = (message: string, left: bigint): OpenLedgerError =>
    new OpenLedgerError(
      `${message}, above the spending limit of ${spendingLimit}: raise the limit to go on.`,
      'spending_limit',
      402,
      {
        limit: String(spendingLimit),
        left: String(larger(left, 0n)),
      },
    );

  /** Whom an offer is to be paid to. Throws for an offer by other contracts than the deployment's. */
  function operatorOf({ network, asset, extra }: PaymentRequirements) {
    const offer = voucherOfferSchema.parse(extra);
    const isOurs =
      network === networkOf(chainId) && isAddressEqual(asset as Address, token) && isAddressEqual(offer.escrow, escrow);
    if (isOurs) return offer;
    throw new OpenLedgerError(
      `The gateway asks for payment by other contracts than those of chain ${chainId} that this client knows: pay it not, or give the client its deployment.`,
      'wrong_deployment',
      402,
    );
  }

  async function channelOf(operator: Address): Promise<Channel> {
    const key = operator.toLowerCase();
    const known = channels.get(key);
    if (known) return known;
    const { collected } = await readChannel(operator);
    const channel = { operator, base: collected, spent: collected, ceiling: collected, made: 0, missing: 0n, running: new Map() };
    channels.set(key, channel);
    return channel;
  }

  const readChannel = (operator: Address) =>
    chain.readContract({ address: escrow, abi: paymentEscrowAbi, functionName: 'channel', args: [idOf(operator)] });

  async function send(
    address: Address,
    abi: typeof erc20Abi | typeof paymentEscrowAbi,
    functionName: string,
    args: readonly unknown[],
  ) {
    const call = { address, abi, functionName, args, account: account(), chain: wallet.chain ?? null };
    const hash = await wallet.writeContract(call as Parameters<typeof wallet.writeContract>[0]);
    const { status } = await chain.waitForTransactionReceipt({ hash });
    if (status !== 'success') throw new Error(`The chain refused ${functionName}: look at transaction ${hash}.`);
  }

  /** Brings the escrow up to what the channel may still cost. */
  async function topUp(channel: Channel, ceiling: bigint, call: bigint): Promise<void> {
    const { operator } = channel;
    const [money, { collected }] = await Promise.all([
      chain.readContract({ address: escrow, abi: paymentEscrowAbi, functionName: 'account', args: [payer(), operator] }),
      readChannel(operator),
    ]);
    const missing = larger(ceiling - collected - (money.balance - money.thawing), channel.missing);
    if (missing <= 0n) return;
    const left = spendingLimit - deposited;
    if (missing > left)
      throw overLimit(`The escrow lacks ${missing} wei, which would bring deposits to ${deposited + missing}`, left);
    const held = await chain.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [payer()] });
    if (held < missing)
      throw new Error(`The wallet holds ${held} wei of OPEN and ${missing} are to be deposited: add OPEN to it.`);
    const amount = larger(missing, smaller(smaller(depositAtOnce ?? 10n * call, left), held));
    await send(token, erc20Abi, 'approve', [escrow, amount]);
    await send(escrow, paymentEscrowAbi, 'deposit', [payer(), operator, amount]);
    deposited += amount;
    channel.missing = 0n;
  }

  async function pay(requirements: PaymentRequirements): Promise<Record<string, unknown>> {
    const { operator, request } = operatorOf(requirements);
    const channel = await channelOf(operator);
    const amount = BigInt(requirements.amount);
    let needed = channel.spent + amount;
    for (const [nonce, call] of channel.running) {
      if (call.until < seconds()) channel.running.delete(nonce);
      else needed += call.amount;
    }
    const ceiling = larger(needed, channel.ceiling);
    const before = signedBeyond();
    const beyond = before + ceiling - channel.ceiling;
    if (beyond > spendingLimit) throw overLimit(`This call would bring what is signed to ${beyond} wei`, spendingLimit - before);
    await topUp(channel, ceiling, amount);
    const voucher: Voucher = {
      payer: payer(),
      operator,
      signer: payer(),
      cumulativeCeiling: ceiling,
      maxSequence,
      app: zeroAddress,
      appMarkupBps: 0,
      expiry: seconds() + voucherSeconds,
    };
    const nonce = randomBytes32();
    const call = paidCallTypedData({ channel: channelId(voucher), request, nonce }, domain);
    const signature = await wallet.signTypedData({ account: account(), ...voucherTypedData(voucher, domain) });
    const callSignature = await wallet.signTypedData({ account: account(), ...call });
    channel.ceiling = ceiling;
    channel.made += 1;
    channel.running.set(nonce, { amount, until: seconds() + requirements.maxTimeoutSeconds });
    return { voucher: z.encode(voucherSchema, voucher), signature, nonce, callSignature };
  }

  /** Takes over what the gateway says of the channel, as far as the payer's own signature bears it out. @returns whether it was news */
  async function learn(channel: Channel, told: unknown): Promise<boolean> {
    const { data: state } = channelStateSchema.safeParse(told);
    if (!state || !isAddressEqual(state.payer, payer()) || state.spent > state.cumulativeCeiling) return false;
    const voucher = voucherOf(state, channel.operator);
    const signer = await recoverVoucherSigner(voucher, state.signature, domain).catch(() => undefined);
    if (!signer || !isAddressEqual(signer, payer())) return false;
    const spent = smaller(state.spent + state.reserved, state.cumulativeCeiling);
    const isNews = spent !== channel.spent;
    channel.spent = spent;
    // Spent in an earlier life of this client, which had a limit of its own.
    if (state.spent > channel.ceiling) {
      channel.base += state.spent - channel.ceiling;
      channel.ceiling = state.spent;
    }
    return isNews;
  }

  /** What the gateway found missing. @returns whether another payment can be right */
  async function correct(channel: Channel, { accepts }: PaymentRequired): Promise<boolean> {
    const extra = accepts.find(({ scheme }) => scheme === voucherScheme)?.extra;
    const { data: escrowed } = missingSchema.safeParse(extra?.escrowed);
    if (escrowed && escrowed.required > escrowed.available) channel.missing = escrowed.required - escrowed.available;
    const isNews = await learn(channel, extra?.state);
    // The first payment of this client's, refused: nothing of what was spent was signed here.
    if (isNews && channel.made === 1) channel.base = channel.ceiling;
    return isNews || channel.missing > 0n;
  }

  return {
    scheme: voucherScheme,
    createPaymentPayload: async (x402Version, requirements) => ({ x402Version, payload: await inTurn(() => pay(requirements)) }),
    schemeHooks: {
      onPaymentResponse: async ({ paymentPayload, requirements, settleResponse, paymentRequired }) => {
        const { operator } = operatorOf(requirements);
        return inTurn(async (): Promise<{ recovered: true } | undefined> => {
          const channel = await channelOf(operator);
          channel.running.delete(String(paymentPayload.payload.nonce));
          if (settleResponse?.success) await learn(channel, settleResponse.extra?.state);
          else if (paymentRequired && (await correct(channel, paymentRequired))) return { recovered: true };
          return undefined;
        });
      },
    },
  };
}
