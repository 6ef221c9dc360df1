import { type Address, erc20Abi, type Hex, isAddressEqual, type PublicClient, type WalletClient, zeroAddress } from 'viem';
import { z } from 'zod';
import { paymentEscrowAbi } from '../generated/abis.ts';
import { channelId } from '../settlement/channelId.ts';
import { openLedgerDomain } from '../settlement/domain.ts';
import { recoverVoucherSigner, type Voucher, voucherSchema, voucherTypedData } from '../settlement/voucher.ts';
import { channelStateSchema, paidCallTypedData, voucherOf, voucherOfferSchema, voucherScheme } from './voucherPayment.ts';

/** The part of x402's payment requirements that is read here. */
type Requirements = { scheme: string; network: string; asset: string; amount: string; extra: Record<string, unknown> };
type Payment = { accepted: Requirements; payload: Record<string, unknown> };
type Response = {
  paymentPayload: Payment;
  settleResponse?: { extra?: Record<string, unknown> };
  paymentRequired?: { accepts: Requirements[] };
};

export type VoucherSchemeOptions = {
  /** Signs vouchers and sends deposits; its account is the payer. */
  wallet: WalletClient;
  chain: PublicClient;
  /** Most that calls through this scheme may cost in all, over all operators, in wei. Nothing above it is ever signed. */
  spendingLimit: bigint;
  /** OPEN to deposit with an operator at a time, in wei, within the limit; by default what the call at hand can cost. */
  depositAtOnce?: bigint;
};

type Channel = {
  /** Collected on chain when it was first used here: what is signed above it counts against the limit. */
  base: bigint;
  /** Cumulative, in wei: known to be spent, the highest ceiling signed here, and what running calls can cost. */
  spent: bigint;
  ceiling: bigint;
  running: bigint;
};

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const maxSequence = 0xffff_ffff;
const voucherSeconds = 86_400;

/**
 * x402's `openledger-voucher` scheme for an `x402Client` of @x402/core: pays each call from the payer's channel with its
 * operator. Deposits when the escrow is short, signs a voucher up to what the call can cost, and takes over the gateway's
 * state where the two disagree, after checking that the payer signed it. Errors are sentences for people.
 */
export function createVoucherScheme({ wallet, chain, spendingLimit, depositAtOnce = 0n }: VoucherSchemeOptions) {
  const channels = new Map<string, Channel>();
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
  const chainIdOf = ({ network }: Requirements): number => Number(/^eip155:(\d+)$/.exec(network)?.[1]);
  const signedBeyond = (): bigint => [...channels.values()].reduce((sum, { ceiling, base }) => sum + (ceiling - base), 0n);

  async function channelOf(operator: Address, escrow: Address): Promise<Channel> {
    const key = operator.toLowerCase();
    const known = channels.get(key);
    if (known) return known;
    const id = channelId({ payer: payer(), operator, signer: payer() });
    const { collected } = await chain.readContract({
      address: escrow,
      abi: paymentEscrowAbi,
      functionName: 'channel',
      args: [id],
    });
    const channel = { base: collected, spent: collected, ceiling: collected, running: 0n };
    channels.set(key, channel);
    return channel;
  }

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
  async function topUp(channel: Channel, ceiling: bigint, operator: Address, escrow: Address, token: Address): Promise<void> {
    const at = { address: escrow, abi: paymentEscrowAbi } as const;
    const id = channelId({ payer: payer(), operator, signer: payer() });
    const [money, { collected }] = await Promise.all([
      chain.readContract({ ...at, functionName: 'account', args: [payer(), operator] }),
      chain.readContract({ ...at, functionName: 'channel', args: [id] }),
    ]);
    const missing = ceiling - collected - (money.balance - money.thawing);
    if (missing <= 0n) return;
    const room = spendingLimit - signedBeyond() + (channel.ceiling - ceiling);
    const wished = depositAtOnce < room + missing ? depositAtOnce : room + missing;
    const amount = larger(wished, missing);
    const held = await chain.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [payer()] });
    if (held < amount) throw new Error(`The wallet holds ${held} wei of OPEN and ${amount} are to be deposited: add OPEN to it.`);
    await send(token, erc20Abi, 'approve', [escrow, amount]);
    await send(escrow, paymentEscrowAbi, 'deposit', [payer(), operator, amount]);
  }

  async function createPaymentPayload(x402Version: number, requirements: Requirements) {
    const { operator, escrow, request } = voucherOfferSchema.parse(requirements.extra);
    const chainId = chainIdOf(requirements);
    if (chainId !== (await chain.getChainId()))
      throw new Error(`The gateway asks for payment on ${requirements.network}, and this client is on another chain.`);
    const amount = BigInt(requirements.amount);
    return inTurn(async () => {
      const channel = await channelOf(operator, escrow);
      const needed = channel.spent + channel.running + amount;
      const ceiling = larger(needed, channel.ceiling);
      const beyond = signedBeyond() + ceiling - channel.ceiling;
      if (beyond > spendingLimit)
        throw new Error(
          `This call would bring what is signed to ${beyond} wei, above the spending limit of ${spendingLimit}: raise the limit to go on.`,
        );
      await topUp(channel, ceiling, operator, escrow, requirements.asset as Address);
      channel.ceiling = ceiling;
      channel.running += amount;
      const voucher: Voucher = {
        payer: payer(),
        operator,
        signer: payer(),
        cumulativeCeiling: ceiling,
        maxSequence,
        app: zeroAddress,
        appMarkupBps: 0,
        expiry: Math.floor(Date.now() / 1000) + voucherSeconds,
      };
      const domain = openLedgerDomain(chainId, escrow);
      const nonce: Hex = `0x${Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
      const call = paidCallTypedData({ channel: channelId(voucher), request, nonce }, domain);
      const signature = await wallet.signTypedData({ account: account(), ...voucherTypedData(voucher, domain) });
      const callSignature = await wallet.signTypedData({ account: account(), ...call });
      return { x402Version, payload: { voucher: z.encode(voucherSchema, voucher), signature, nonce, callSignature } };
    });
  }

  /** Takes over what the gateway says of the channel, as far as the payer's own signature bears it out. */
  async function learn(operator: Address, escrow: Address, chainId: number, told: unknown): Promise<boolean> {
    const parsed = channelStateSchema.safeParse(told);
    if (!parsed.success || !isAddressEqual(parsed.data.payer, payer())) return false;
    const state = parsed.data;
    const domain = openLedgerDomain(chainId, escrow);
    const signer = await recoverVoucherSigner(voucherOf(state, operator), state.signature, domain).catch(() => undefined);
    if (!signer || !isAddressEqual(signer, payer()) || state.spent > state.cumulativeCeiling) return false;
    const channel = await channelOf(operator, escrow);
    if (state.spent > channel.spent) channel.spent = state.spent;
    // Spent in an earlier life of this client, which had a limit of its own.
    if (state.spent > channel.ceiling) {
      channel.base += state.spent - channel.ceiling;
      channel.ceiling = state.spent;
    }
    return true;
  }

  async function onPaymentResponse({ paymentPayload, settleResponse, paymentRequired }: Response) {
    const { accepted } = paymentPayload;
    if (accepted.scheme !== voucherScheme) return undefined;
    const { operator, escrow } = voucherOfferSchema.parse(accepted.extra);
    return inTurn(async (): Promise<{ recovered: true } | undefined> => {
      const channel = await channelOf(operator, escrow);
      const amount = BigInt(accepted.amount);
      channel.running = channel.running > amount ? channel.running - amount : 0n;
      const chainId = chainIdOf(accepted);
      if (settleResponse) {
        await learn(operator, escrow, chainId, settleResponse.extra?.state);
        return undefined;
      }
      const offer = paymentRequired?.accepts.find(({ scheme }) => scheme === voucherScheme);
      if (!offer) return undefined;
      await learn(operator, escrow, chainId, offer.extra.state);
      return { recovered: true };
    });
  }

  return { scheme: voucherScheme, schemeHooks: { onPaymentResponse }, createPaymentPayload };
}
