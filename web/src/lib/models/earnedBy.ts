import { type Address, isAddressEqual } from 'viem';

export type BuilderRole = 'operator' | 'developer' | 'parents' | 'backers';
export type EarnedLine = { address: string; amount: bigint };
export type EarnedByKind = {
  contributors: EarnedLine[];
  pools: (EarnedLine & { datanet: { id: string; name: string } })[];
  /** Those who built and ran the model; what one of them earned as a contributor besides is in the line. */
  builders: (EarnedLine & { roles: BuilderRole[] })[];
};

type Roles = Record<BuilderRole, readonly string[]> & {
  pools: readonly { id: string; name: string; pool: string }[];
};

const includes = (accounts: readonly string[], address: string): boolean =>
  accounts.some((account) => isAddressEqual(account as Address, address as Address));

/** Who earned, told apart by what the chain says they are; whoever is nothing else is a contributor. Order is kept. */
export function earnedByKind(earned: readonly EarnedLine[], { pools, ...builders }: Roles): EarnedByKind {
  const found: EarnedByKind = { contributors: [], pools: [], builders: [] };
  for (const line of earned) {
    const datanet = pools.find(({ pool }) => includes([pool], line.address));
    const roles = (['operator', 'developer', 'parents', 'backers'] as const).filter((role) =>
      includes(builders[role], line.address),
    );
    if (datanet) found.pools.push({ ...line, datanet: { id: datanet.id, name: datanet.name } });
    else if (roles.length > 0) found.builders.push({ ...line, roles });
    else found.contributors.push(line);
  }
  return found;
}

/** What a list of lines comes to. */
export function totalOf(lines: readonly EarnedLine[]): bigint {
  return lines.reduce((sum, { amount }) => sum + amount, 0n);
}
