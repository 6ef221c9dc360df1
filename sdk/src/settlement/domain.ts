import type { Address, TypedDataDomain } from 'viem';

/** EIP-712 domain of vouchers (contract: PaymentEscrow) and receipts (contract: Settlement). */
export function openLedgerDomain(chainId: number, verifyingContract: Address): TypedDataDomain {
  return { name: 'OpenLedger', version: '1', chainId, verifyingContract };
}
