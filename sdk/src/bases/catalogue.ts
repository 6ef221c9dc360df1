/** What a base model is good at, and what it is used for; the app has words for each in its languages. */
export const baseStrengths = [
  'chat',
  'short_texts',
  'multilingual',
  'code',
  'reasoning',
  'long_texts',
  'small',
  'classic',
] as const;
export const baseUses = ['narrow_domain', 'broad_domain', 'chinese', 'many_languages', 'low_memory', 'teaching'] as const;

export type BaseStrength = (typeof baseStrengths)[number];
export type BaseUse = (typeof baseUses)[number];

/** Facts of a line of base models, as its makers' model card has them. Licence and size are told by whoever runs one. */
export type CatalogueEntry = {
  /** Start of the names that it is about, without case. */
  name: string;
  /** BCP 47, the most used first; the card may name more. */
  languages: readonly string[];
  strengths: readonly BaseStrength[];
  uses: readonly BaseUse[];
  /** The model card on the hub that this is from. */
  card: string;
};

const european = ['en', 'fr', 'de', 'es', 'it', 'pt'] as const;

/** The families that the engine trains. Of two entries that fit a name, the longer is meant. */
export const baseCatalogue: readonly CatalogueEntry[] = [
  {
    name: 'SmolLM2',
    languages: ['en'],
    strengths: ['chat', 'short_texts', 'small'],
    uses: ['narrow_domain', 'low_memory'],
    card: 'HuggingFaceTB/SmolLM2-135M-Instruct',
  },
  {
    name: 'Llama-3',
    languages: [...european, 'hi', 'th'],
    strengths: ['chat', 'reasoning', 'multilingual', 'long_texts'],
    uses: ['broad_domain'],
    card: 'meta-llama/Llama-3.1-8B-Instruct',
  },
  {
    name: 'Mistral',
    languages: ['en'],
    strengths: ['chat', 'reasoning', 'long_texts'],
    uses: ['broad_domain'],
    card: 'mistralai/Mistral-7B-Instruct-v0.3',
  },
  {
    name: 'Qwen',
    languages: ['en', 'zh', ...european.slice(1), 'ru', 'ja', 'ko', 'vi', 'th', 'ar'],
    strengths: ['chat', 'multilingual', 'code', 'reasoning', 'long_texts'],
    uses: ['broad_domain', 'chinese', 'many_languages'],
    card: 'Qwen/Qwen2.5-7B-Instruct',
  },
  {
    name: 'GLM-4',
    languages: ['zh', 'en', 'ja', 'ko', 'de'],
    strengths: ['chat', 'multilingual', 'code', 'long_texts'],
    uses: ['broad_domain', 'chinese'],
    card: 'THUDM/glm-4-9b-chat-hf',
  },
  {
    name: 'DeepSeek',
    languages: ['en', 'zh'],
    strengths: ['chat', 'code', 'reasoning', 'long_texts'],
    uses: ['broad_domain', 'chinese'],
    card: 'deepseek-ai/DeepSeek-V2-Lite-Chat',
  },
  {
    name: 'Gemma',
    languages: ['en'],
    strengths: ['chat', 'reasoning', 'short_texts'],
    uses: ['broad_domain'],
    card: 'google/gemma-2-2b-it',
  },
  {
    name: 'Falcon',
    languages: ['en', 'fr'],
    strengths: ['chat', 'short_texts'],
    uses: ['narrow_domain'],
    card: 'tiiuae/falcon-7b-instruct',
  },
  {
    name: 'BLOOM',
    languages: ['en', 'zh', 'fr', 'es', 'pt', 'ar', 'vi', 'hi', 'id'],
    strengths: ['multilingual', 'short_texts'],
    uses: ['many_languages'],
    card: 'bigscience/bloomz-560m',
  },
  {
    name: 'GPT-2',
    languages: ['en'],
    strengths: ['classic', 'small'],
    uses: ['teaching', 'low_memory'],
    card: 'openai-community/gpt2',
  },
];

/** Of letters and digits alone, so that `Llama 3.1`, `llama-3.1` and `meta-llama/Llama-3.1` are one. */
const plain = (name: string): string => (name.split('/').at(-1) ?? '').toLowerCase().replace(/[^a-z0-9]/g, '');

/** What is known of a base by its name; undefined of one that is not in the catalogue. */
export function findInCatalogue(name: string): CatalogueEntry | undefined {
  const asked = plain(name.replace(/^(meta|bigscience)[\s-]/i, ''));
  return baseCatalogue
    .filter((entry) => asked.startsWith(plain(entry.name)))
    .sort((a, b) => b.name.length - a.name.length)
    .at(0);
}
