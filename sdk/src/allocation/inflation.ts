/** floor(2^(2^-i) · 2⁶⁴) for i = 1 … 32. */
const factors = [
  26087635650665564424n,
  21936999301089678046n,
  20116317054877281741n,
  19263451207323153961n,
  18850675170876015534n,
  18647615946650685158n,
  18546908069882975960n,
  18496758270674070881n,
  18471734244850835105n,
  18459234930309000272n,
  18452988445124272033n,
  18449865995240371898n,
  18448304968436414829n,
  18447524504564044945n,
  18447134285009651015n,
  18446939178327825412n,
  18446841625760745902n,
  18446792849670663276n,
  18446768461673986097n,
  18446756267687738521n,
  18446750170697637485n,
  18446747122203342655n,
  18446745597956384161n,
  18446744835832952145n,
  18446744454771247944n,
  18446744264240398796n,
  18446744168974974960n,
  18446744121342263226n,
  18446744097525907405n,
  18446744085617729507n,
  18446744079663640560n,
  18446744076686596088n,
] as const;

/** Days in which the weight of a vote newly minted doubles: with it, older votes have a half-life of a year. */
const halfLifeDays = 365;

/**
 * floor-like 2^(day/365) · 2³² by the integer routine of docs/allocation.md; the same in Inflation.sol.
 * @param day batch's day index: UTC days since the deployment of the settlement
 */
export function exp2Day(day: number): bigint {
  if (!Number.isInteger(day) || day < 0) throw new RangeError(`A day index is a whole number from 0, not ${day}.`);
  const x = (BigInt(day % halfLifeDays) << 64n) / BigInt(halfLifeDays);
  let y = 1n << 64n;
  factors.forEach((factor, index) => {
    if (((x >> BigInt(63 - index)) & 1n) === 1n) y = (y * factor) >> 64n;
  });
  return (y >> 32n) << BigInt(Math.floor(day / halfLifeDays));
}
