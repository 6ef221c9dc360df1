import type { AgentManifestJson } from '@openledger/sdk';
import { type DraftData, draftOf, draftSchema, INITIAL, type Part, readDraft } from './draftManifest.ts';

/** An agent that is being composed; kept in this browser until it is published. */
export class AgentDraft {
  data = $state<DraftData>(structuredClone(INITIAL));
  /** Whether nothing was kept here before. */
  isNew: boolean;
  #slot: string;

  constructor(slot: string) {
    this.#slot = slot;
    this.isNew = localStorage.getItem(slot) === null;
    const saved = draftSchema.partial().safeParse(readSlot(slot));
    if (saved.success) this.data = { ...structuredClone(INITIAL), ...saved.data };
  }

  save(): void {
    localStorage.setItem(this.#slot, JSON.stringify(this.data));
  }

  clear(): void {
    localStorage.removeItem(this.#slot);
    this.data = structuredClone(INITIAL);
  }

  /** Begins from a published version. */
  takeOver(manifest: AgentManifestJson): void {
    this.data = draftOf(manifest, this.data);
    this.isNew = false;
  }

  get manifest(): AgentManifestJson | undefined {
    return readDraft(this.data).manifest;
  }

  /** Parts that still lack something. */
  get missing(): Part[] {
    return readDraft(this.data).missing;
  }
}

/** What the slot holds; nothing if another program wrote something else there. */
function readSlot(slot: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(slot) ?? '{}');
  } catch {
    return {};
  }
}
