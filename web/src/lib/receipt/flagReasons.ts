import type { Flag } from '@openledger/sdk';
import { m } from '#lib/paraglide/messages.js';

/** What a reader can find wrong, in their language. */
export function nameOfReason(reason: Flag['reason']): string {
  return {
    false: m.flag_false(),
    not_in_source: m.flag_not_in_source(),
    copied: m.flag_copied(),
    harmful: m.flag_harmful(),
    personal_data: m.flag_personal_data(),
    other: m.flag_other(),
  }[reason];
}
