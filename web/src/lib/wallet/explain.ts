import { contractErrorOf, OpenLedgerError, UnreachableError } from '@openledger/sdk';
import { ClientError } from 'graphql-request';
import {
  BaseError,
  ContractFunctionRevertedError,
  HttpRequestError,
  InsufficientFundsError,
  UserRejectedRequestError,
} from 'viem';
import { m } from '#lib/paraglide/messages.js';

/** Message with this key, if the catalogue has one. Contract errors and gateway codes are looked up by name. */
function lookUp(key: string): string | undefined {
  const message = (m as unknown as Record<string, undefined | (() => string)>)[key];
  return message?.();
}

/** `Datanet_BondTooSmall` → `Datanet: bond too small`, for errors without a sentence of their own. */
export function wordsOf(errorName: string): string {
  return errorName
    .replace(/_/g, ': ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/^./, (first) => first.toUpperCase());
}

function explainChain(error: BaseError): string {
  if (error.walk((cause) => cause instanceof UserRejectedRequestError)) return m.fault_rejected();
  if (error.walk((cause) => cause instanceof InsufficientFundsError)) return m.fault_gas();
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError) {
    const name = reverted.data?.errorName ?? contractErrorOf(error)?.name;
    if (name && name !== 'Error') return lookUp(`fault_${name}`) ?? m.fault_contract({ reason: wordsOf(name) });
    return m.fault_contract({ reason: reverted.reason ?? reverted.shortMessage });
  }
  if (error.walk((cause) => cause instanceof HttpRequestError)) return m.fault_chain_unreachable();
  return error.shortMessage;
}

/** Any failure as one sentence that says what to do. */
export function explain(error: unknown): string {
  if (error instanceof UnreachableError) return m.fault_network();
  if (error instanceof OpenLedgerError) return lookUp(`fault_${error.code}`) ?? error.message;
  if (error instanceof BaseError) return explainChain(error);
  if (error instanceof ClientError) return m.fault_index();
  if (error instanceof TypeError && /fetch|network/i.test(error.message)) return m.fault_network();
  if (error instanceof Error) return error.message.split('\n')[0] ?? m.fault_unknown();
  return m.fault_unknown();
}
