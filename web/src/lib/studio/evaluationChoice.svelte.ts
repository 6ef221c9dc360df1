import {
  type CommittedItems,
  type EvaluationItem,
  type EvaluationItems,
  evaluationItemSchema,
  evaluationLimits,
  type JobSpec,
  randomBytes32,
} from '@openledger/sdk';
import { type ItemLines, itemLines, itemOfArrow } from '#lib/proposals/itemLines.ts';
import { commitmentOf, keepItems } from '#lib/proposals/secretItems.ts';
import type { App } from '#lib/shell/app.svelte.ts';

export type EvaluationKind = 'none' | 'drawn' | 'own';

/** Questions, a line each, as JSON (`{question, expected}`) or with an arrow between. */
export const parseItems = (text: string): ItemLines =>
  itemLines(text, (line) => (line.trimStart().startsWith('{') ? fromJson(line) : itemOfArrow(line)));

function fromJson(line: string): EvaluationItem | undefined {
  try {
    return evaluationItemSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** What a training shall be measured on: nothing, questions held back of its data, or the proposer's own. */
export class EvaluationChoice {
  kind = $state<EvaluationKind>('none');
  count = $state(20);
  text = $state('');
  maxTokens = $state(96);
  busy = $state(false);
  error = $state.raw<unknown>();
  /** What the operator has been told, for the choice as it was then. */
  #told = $state.raw<{ key: string; committed: CommittedItems }>();
  #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  get parsed(): ReturnType<typeof parseItems> {
    return parseItems(this.text);
  }

  /** Whether there is something that the operator can be told. */
  get isWhole(): boolean {
    const { items, broken } = this.parsed;
    const count = this.kind === 'own' ? items.length : this.count;
    const isCounted = Number.isInteger(count) && count >= evaluationLimits.fewest && count <= evaluationLimits.most;
    return this.kind !== 'none' && isCounted && (this.kind === 'drawn' || broken.length === 0);
  }

  /** The part of the specification for these datanets; undefined where there is none, or the operator was not told yet. */
  committed(datanets: JobSpec['datanets']): CommittedItems | undefined {
    return this.#told?.key === this.#key(datanets) ? this.#told.committed : undefined;
  }

  /** Tells the operator the questions, or has it draw them. */
  async tell(datanets: JobSpec['datanets']): Promise<void> {
    if (!this.isWhole) return;
    const key = this.#key(datanets);
    this.busy = true;
    this.error = undefined;
    try {
      const committed = this.kind === 'own' ? await this.#tellOwn() : await this.#draw(datanets);
      this.#told = { key, committed };
    } catch (reason) {
      this.error = reason;
    }
    this.busy = false;
  }

  #draw(datanets: JobSpec['datanets']): Promise<CommittedItems> {
    return this.#app.gateway.drawItems({ datanets, count: this.count, maxTokens: this.maxTokens });
  }

  async #tellOwn(): Promise<CommittedItems> {
    const items: EvaluationItems = {
      schema: 'openledger.evaluation-items.1',
      salt: randomBytes32(),
      metric: 'contains',
      maxTokens: this.maxTokens,
      items: this.parsed.items,
    };
    const committed = await this.#app.gateway.tellItems(items);
    if (committed.commitment !== commitmentOf(items))
      throw new Error('The operator commits to other questions than it was told.');
    keepItems(items);
    return committed;
  }

  #key(datanets: JobSpec['datanets']): string {
    const own = this.kind === 'own' ? this.text : this.count;
    return JSON.stringify([this.kind, own, this.maxTokens, this.kind === 'drawn' ? datanets : []]);
  }
}
