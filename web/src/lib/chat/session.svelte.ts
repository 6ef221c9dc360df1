import {
  addressSchema,
  amountSchema,
  apiKeyOf,
  bytes32Schema,
  createSession,
  type Flag,
  openLedgerDomain,
  paymentEscrowAbi,
  signFlag,
} from '@openledger/sdk';
import type { Address, Hex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { z } from 'zod';
import { formatOpen } from '#lib/format/amount.ts';
import { m } from '#lib/paraglide/messages.js';
import type { App } from '#lib/shell/app.svelte.ts';
import { transact } from '#lib/wallet/transact.ts';
import { signPermit } from './permit.ts';

const storedSchema = z.object({
  privateKey: bytes32Schema,
  payer: addressSchema,
  operator: addressSchema,
  ceiling: amountSchema,
  /** Unix seconds. */
  expiry: z.number(),
  /** Whether the operator has taken the voucher. */
  open: z.boolean(),
});

type Stored = z.infer<typeof storedSchema>;

/** Steps of opening a session, in order. */
export const SESSION_STEPS = ['permit', 'deposit', 'key', 'voucher'] as const;
export type SessionStep = (typeof SESSION_STEPS)[number];

/** A payer's session key, kept in this browser only, by chain, escrow and payer. */
export class Session {
  #app: App;
  #stored = $state.raw<Stored>();
  /** The step under way while a session is being opened. */
  step = $state<SessionStep>();

  constructor(app: App) {
    this.#app = app;
  }

  /** Takes up what an earlier visit of `payer` left here. */
  load(payer: Address | undefined): void {
    const text = payer && localStorage.getItem(this.#slot(payer));
    const parsed = text ? z.safeDecode(storedSchema, JSON.parse(text)) : undefined;
    this.#stored = parsed?.success ? parsed.data : undefined;
  }

  /** The key for the gateway, while the session is open and has not expired. */
  get apiKey(): string | undefined {
    const stored = this.#stored;
    return stored?.open && stored.expiry > Date.now() / 1000 ? apiKeyOf(stored.privateKey) : undefined;
  }
  /** Address of the key in this browser, whether or not its session still works. */
  get signer(): Address | undefined {
    return this.#stored && privateKeyToAccount(this.#stored.privateKey).address;
  }
  /** Signs a flag of an answer that this key paid for. */
  async signFlag(flag: Flag): Promise<Hex> {
    if (!this.#stored) throw new Error(m.flag_no_session());
    const domain = openLedgerDomain(this.#app.config.chainId, this.#app.address('Settlement'));
    return signFlag(privateKeyToAccount(this.#stored.privateKey), flag, domain);
  }
  get ceiling(): bigint {
    return this.#stored?.ceiling ?? 0n;
  }
  get expiry(): number {
    return this.#stored?.expiry ?? 0;
  }

  /**
   * Deposits what is missing, authorises a new key on the chain and hands the operator a voucher for the whole limit.
   * After a failure, calling it again goes on where it stopped.
   */
  async open(operator: Address, ceiling: bigint, days: number): Promise<void> {
    const app = this.#app;
    const { address: payer } = await app.wallet.ready();
    const escrow = { address: app.address('PaymentEscrow'), abi: paymentEscrowAbi } as const;
    const begun = this.#stored && !this.#stored.open && this.#stored.operator === operator ? this.#stored : undefined;
    const stored: Stored = {
      privateKey: begun?.privateKey ?? generatePrivateKey(),
      payer,
      operator,
      ceiling,
      expiry: Math.floor(Date.now() / 1000) + days * 86_400,
      open: false,
    };
    this.#save(stored);
    try {
      const { balance } = await app.chain.readContract({ ...escrow, functionName: 'account', args: [payer, operator] });
      if (balance < ceiling) await this.#deposit(payer, operator, ceiling - balance);
      this.step = 'key';
      const signer = privateKeyToAccount(stored.privateKey);
      await transact(app, {
        ...escrow,
        title: m.session_step_key(),
        functionName: 'authorizeSession',
        args: [operator, signer.address, ceiling, stored.expiry],
      });
      this.step = 'voucher';
      await app.gateway.openSession(await createSession({ ...stored, deployment: app.config.deployment }));
      this.#save({ ...stored, open: true });
    } finally {
      this.step = undefined;
    }
  }

  /** Revokes the key on the chain and forgets it here. What was used stays payable. */
  async end(): Promise<void> {
    const stored = this.#stored;
    if (!stored) return;
    await transact(this.#app, {
      title: m.session_end_title(),
      address: this.#app.address('PaymentEscrow'),
      abi: paymentEscrowAbi,
      functionName: 'revokeSession',
      args: [stored.operator, privateKeyToAccount(stored.privateKey).address],
    });
    this.forget();
  }

  /** Drops the key here, for one that the operator or the chain no longer accepts. */
  forget(): void {
    if (this.#stored) localStorage.removeItem(this.#slot(this.#stored.payer));
    this.#stored = undefined;
  }

  async #deposit(payer: Address, operator: Address, amount: bigint): Promise<void> {
    this.step = 'permit';
    const escrow = this.#app.address('PaymentEscrow');
    const { deadline, v, r, s } = await signPermit(this.#app, escrow, amount);
    this.step = 'deposit';
    await transact(this.#app, {
      title: m.session_step_deposit({ amount: formatOpen(amount) }),
      address: escrow,
      abi: paymentEscrowAbi,
      functionName: 'depositWithPermit',
      args: [payer, operator, amount, deadline, v, r, s],
    });
  }

  #save(stored: Stored): void {
    this.#stored = stored;
    localStorage.setItem(this.#slot(stored.payer), JSON.stringify(z.encode(storedSchema, stored)));
  }

  #slot(payer: Address): string {
    return ['openledger.session', this.#app.config.chainId, this.#app.address('PaymentEscrow'), payer].join('.').toLowerCase();
  }
}
