import type { ReceiptBundle } from '@openledger/sdk';
import { type ChatRequest, streamChat } from '#lib/gateway/chat.ts';
import type { App } from '#lib/shell/app.svelte.ts';
import { type Choice, drawOrder, type Order, readTallies, type Tallies, type Tally, tallyOf, vote } from './votes.ts';

/** Who answers: a release, paid for, or the base alone, which costs nothing. */
export type Answerer = { id: string; name: string } & ({ isBase: true; baseModel: `0x${string}` } | { isBase: false });

type Shown = { order: Order; release: string; other: string; fee: bigint };

/** One question answered twice, shown without names until the person has chosen. Votes stay in this browser. */
export class Ballot {
  #app: App;
  #slot: string;
  #abort: AbortController | undefined;
  #tallies = $state.raw<Tallies>({});
  #pair: [Answerer, Answerer] | undefined;
  status = $state<'idle' | 'asking' | 'choosing' | 'revealed'>('idle');
  question = $state('');
  choice = $state<Choice>();
  error = $state.raw<unknown>();
  #shown = $state.raw<Shown>();

  constructor(app: App) {
    this.#app = app;
    this.#slot = `openledger.votes.${app.config.chainId}.${app.address('Settlement')}`.toLowerCase();
    this.#tallies = readTallies(localStorage.getItem(this.#slot));
  }

  /** The two answers by their letters. */
  get answers(): { A: string; B: string } | undefined {
    const shown = this.#shown;
    if (!shown) return undefined;
    return shown.order === 'A' ? { A: shown.release, B: shown.other } : { A: shown.other, B: shown.release };
  }
  /** Names by letter, once the choice is made. */
  get names(): { A: string; B: string } | undefined {
    if (this.status !== 'revealed' || !this.#pair || !this.#shown) return undefined;
    const [release, other] = this.#pair;
    return this.#shown.order === 'A' ? { A: release.name, B: other.name } : { A: other.name, B: release.name };
  }
  get fee(): bigint {
    return this.#shown?.fee ?? 0n;
  }

  tally(release: string, other: string): Tally {
    return tallyOf(this.#tallies, release, other);
  }

  async ask(question: string, release: Answerer, other: Answerer, apiKey: string, maxTokens: number): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    Object.assign(this, { status: 'asking', question, choice: undefined, error: undefined });
    this.#shown = undefined;
    this.#pair = [release, other];
    try {
      const one = (who: Answerer) => this.#answer(who, question, apiKey, maxTokens, abort.signal);
      // Both are shown at once, since which comes first would tell.
      const [ours, theirs] = await Promise.all([one(release), one(other)]);
      this.#shown = { order: drawOrder(), release: ours.text, other: theirs.text, fee: ours.fee + theirs.fee };
      this.status = 'choosing';
    } catch (error) {
      if (abort.signal.aborted) return;
      abort.abort();
      this.error = error;
      this.status = 'idle';
    }
  }

  choose(choice: Choice): void {
    if (this.status !== 'choosing' || !this.#pair || !this.#shown) return;
    const [release, other] = this.#pair;
    this.#tallies = vote(this.#tallies, release.id, other.id, this.#shown.order, choice);
    localStorage.setItem(this.#slot, JSON.stringify(this.#tallies));
    this.choice = choice;
    this.status = 'revealed';
  }

  async #answer(
    who: Answerer,
    question: string,
    apiKey: string,
    maxTokens: number,
    signal: AbortSignal,
  ): Promise<{ text: string; fee: bigint }> {
    const messages = [{ role: 'user' as const, content: question }];
    const { gateway } = this.#app;
    if (who.isBase) return { text: (await gateway.askBase(who.baseModel, { messages, maxTokens }, apiKey)).text, fee: 0n };
    const request: ChatRequest = {
      url: gateway.url,
      apiKey,
      model: who.id,
      messages,
      maxTokens,
      isPublic: false,
      datanets: [],
      signal,
    };
    let text = '';
    let receipt: ReceiptBundle | undefined;
    for await (const part of streamChat(request)) {
      if (part.type === 'text') text += part.text;
      if (part.type === 'receipt') receipt = part.receipt;
    }
    return { text, fee: receipt?.receipt.fee ?? 0n };
  }
}
