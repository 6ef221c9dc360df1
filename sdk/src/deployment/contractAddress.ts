import type { Address } from 'viem';
import type { Deployment } from './deployment.ts';

/** Address of a contract by its name in the deployment. */
export function contractAddress(deployment: Pick<Deployment, 'chainId' | 'contracts'>, name: string): Address {
  const address = deployment.contracts[name];
  if (!address) {
    throw new Error(
      `The deployment on chain ${deployment.chainId} has no ${name}: deploy the contracts of this version (npm run reset, then npm start).`,
    );
  }
  return address;
}
