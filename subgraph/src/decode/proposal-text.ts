import { ByteArray, Bytes, crypto } from '@graphprotocol/graph-ts';

/** Kinds of decision that governors announce, as bytes32 of the text or as its hash. */
const KINDS: string[] = ['models', 'agents', 'parameters', 'treasury', 'upgrades'];

/** Name of a kind; hex if it has none. */
export function kindName(kind: Bytes): string {
  for (let i = 0; i < KINDS.length; i++) {
    const text = ByteArray.fromUTF8(KINDS[i]);
    if (isText(kind, text) || kind == crypto.keccak256(text)) return KINDS[i];
  }
  return kind.toHexString();
}

/** Whether 32 bytes are a text followed by zeros. */
function isText(kind: Bytes, text: ByteArray): boolean {
  for (let i = 0; i < kind.length; i++) if (kind[i] != (i < text.length ? text[i] : 0)) return false;
  return true;
}

/** Longest title, in UTF-16 units. */
const TITLE_LENGTH = 200;

/** First line that is not empty, without leading `#`. */
export function titleOf(description: string): string {
  const lines = description.split('\n');
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i].trim();
    while (line.startsWith('#')) line = line.slice(1).trim();
    if (line.length == 0) continue;
    return line.length <= TITLE_LENGTH ? line : cut(line);
  }
  return '';
}

/** Cut where no pair of units is torn apart, which the store could not keep. */
function cut(line: string): string {
  const unit = line.charCodeAt(TITLE_LENGTH - 1);
  const high = unit >= 0xd800 && unit <= 0xdbff;
  return line.slice(0, high ? TITLE_LENGTH - 1 : TITLE_LENGTH) + '…';
}
