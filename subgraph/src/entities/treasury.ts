import { Address, BigInt, Bytes, dataSource } from '@graphprotocol/graph-ts';
import { TreasuryCategory, TreasuryIncomePoint } from '../../generated/schema';
import { ZERO } from './protocol';

/** A category by its 32 bytes. */
export function loadCategory(id: Bytes): TreasuryCategory {
  const known = TreasuryCategory.load(id);
  if (known != null) return known;
  const category = new TreasuryCategory(id);
  category.name = categoryName(id);
  category.spent = ZERO;
  category.streamed = ZERO;
  category.promised = ZERO;
  return category;
}

/** The text before the zeros that fill the word; hex if it has a byte that is not printable ASCII. */
function categoryName(id: Bytes): string {
  let length = id.length;
  while (length > 0 && id[length - 1] == 0) length--;
  let name = '';
  for (let i = 0; i < length; i++) {
    if (id[i] < 0x20 || id[i] > 0x7e) return id.toHexString();
    name += String.fromCharCode(id[i]);
  }
  return name;
}

/** Notes what reached the treasury, by where it came from. Runs in the data source of OPEN. */
export function noteIncome(from: Address, to: Address, amount: BigInt): void {
  const context = dataSource.context();
  const treasury = context.getBytes('treasury');
  if (to != treasury || from == treasury) return;
  const point = new TreasuryIncomePoint(0);
  if (from == Address.zero()) point.source = 'MINTED';
  // of all that the escrow pays, only a final batch's fee goes there
  else if (from == context.getBytes('escrow')) point.source = 'FEES';
  else point.source = 'TRANSFER';
  point.amount = amount;
  point.save();
}
