import { type EvaluationItems, evaluationItemsSchema, evaluationMetrics, randomBytes32 } from '@openledger/sdk';
import { z } from 'zod';
import { parseOpen } from '#lib/format/amount.ts';
import { Draft, pricePerToken } from '#lib/studio/draft.svelte.ts';
import { type ItemLines, itemLines, itemOfArrow } from './itemLines.ts';

/** What a proposal has beside a training's settings; kept in this browser until it is proposed. */
const schema = z.object({
  purpose: z.string(),
  language: z.string(),
  backers: z.number(),
  cap: z.number(),
  goal: z.string(),
  days: z.number(),
  mark: z.number(),
  about: z.string(),
  metric: z.enum(evaluationMetrics),
  maxTokens: z.number(),
  items: z.string(),
  salt: z.string(),
});

type Data = z.infer<typeof schema>;

const INITIAL: Omit<Data, 'salt'> = {
  purpose: '',
  language: 'en',
  backers: 10,
  cap: 2,
  goal: '',
  days: 14,
  mark: 70,
  about: '',
  metric: 'contains',
  maxTokens: 64,
  items: '',
};

/** Reads items as typed, one a line: `question => expected`. */
export const parseItems = (text: string): ItemLines => itemLines(text, itemOfArrow);

export class ProposalDraft {
  data = $state<Data>({ ...INITIAL, salt: randomBytes32() });
  /** Base, data, training, name and prices: what the studio has too. */
  readonly studio: Draft;
  #slot: string;

  constructor(slot: string) {
    this.#slot = slot;
    this.studio = new Draft(`${slot}.training`);
    const saved = schema.partial().safeParse(JSON.parse(localStorage.getItem(slot) ?? '{}'));
    if (saved.success) this.data = { ...INITIAL, salt: randomBytes32(), ...saved.data };
  }

  save(): void {
    localStorage.setItem(this.#slot, JSON.stringify(this.data));
    this.studio.save();
  }

  clear(): void {
    localStorage.removeItem(this.#slot);
    this.data = { ...INITIAL, salt: randomBytes32() };
    this.studio.clear();
  }

  get goal(): bigint | undefined {
    return parseOpen(this.data.goal) || undefined;
  }

  /** What the proposer keeps of the net fee, in percent. */
  get developer(): number {
    const { contributors, operator } = this.studio.data;
    return 100 - contributors - operator - this.data.backers;
  }

  get parsed(): ReturnType<typeof parseItems> {
    return parseItems(this.data.items);
  }

  /** The items as they are committed to; undefined while there are too few or too many. */
  get committed(): EvaluationItems | undefined {
    const { salt, metric, maxTokens } = this.data;
    const items = { schema: 'openledger.evaluation-items.1', salt, metric, maxTokens, items: this.parsed.items };
    return evaluationItemsSchema.safeParse(items).data;
  }

  /** Names of the parts that still lack something. */
  get missing(): ('base' | 'data' | 'idea' | 'terms' | 'evaluation' | 'budget')[] {
    const { studio, data } = this;
    const lacks = {
      base: studio.data.base === '',
      data: studio.data.datanets.length === 0,
      idea: studio.data.name.trim() === '' || studio.data.description.trim() === '' || data.purpose.trim() === '',
      terms:
        this.developer < 0 ||
        data.backers <= 0 ||
        pricePerToken(studio.data.promptPrice) === undefined ||
        pricePerToken(studio.data.completionPrice) === undefined,
      evaluation: data.about.trim() === '' || this.parsed.broken.length > 0 || this.committed === undefined,
      budget: this.goal === undefined || !(data.days >= 1 && data.days <= 30),
    };
    return (Object.keys(lacks) as (keyof typeof lacks)[]).filter((part) => lacks[part]);
  }
}
