import { normalizeZ } from '@noble/curves/abstract/curve.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type Address, type Hex, isAddressEqual, parseSignature, recoverPublicKey } from 'viem';
import { publicKeyToAddress } from 'viem/accounts';

export type SignedDigest = { digest: Hex; signature: Hex };

/** Who signed a digest; undefined for what is no signature. A machine that has native code for it gives its own. */
export type RecoverSigner = (signed: SignedDigest) => Address | undefined;

const { Point } = secp256k1;
const { Fn } = Point;
type CurvePoint = InstanceType<typeof Point>;

/** Bits of a window of the table of the signer's key: 256 bits then cost 32 additions and no doubling. */
const windowBits = 8;
/** From how many signatures on the table is worth its making. */
const worthTable = 100;

/**
 * Which of these digests `signer` signed, exactly as recovering each would say, but at half the cost: the key is
 * recovered once, then r of every other signature must be the x of (digest·G + r·key) / s, and its parity that of y.
 * @param recover recovers each instead
 */
export async function signedBy(signer: Address, signed: readonly SignedDigest[], recover?: RecoverSigner): Promise<boolean[]> {
  if (recover) return signed.map((one) => recover(one)?.toLowerCase() === signer.toLowerCase());
  const results = signed.map(() => false);
  let next = 0;
  let key: CurvePoint | undefined;
  for (; next < signed.length && !key; next += 1) {
    key = await keyBehind(signer, signed[next] as SignedDigest);
    results[next] = key !== undefined;
  }
  if (!key) return results;
  if (signed.length >= worthTable) key.precompute(windowBits, false);
  const rest = signed.slice(next).flatMap(({ digest, signature }, offset) => {
    const parsed = readSignature(signature);
    return parsed ? [{ ...parsed, digest: BigInt(digest), position: next + offset }] : [];
  });
  const inverses = Fn.invertBatch(rest.map(({ s }) => s));
  const candidates = rest.flatMap(({ r, parity, digest, position }, index) => {
    const inverse = inverses[index] as bigint;
    const byKey = (key as CurvePoint).multiplyUnsafe(Fn.create(r * inverse));
    const point = Point.BASE.multiplyUnsafe(Fn.create(digest * inverse)).add(byKey);
    return point.is0() ? [] : [{ point, r, parity, position }];
  });
  const points = normalizeZ(
    Point,
    candidates.map(({ point }) => point),
  ); // one inversion for all
  candidates.forEach(({ r, parity, position }, index) => {
    const { x, y } = points[index] as CurvePoint;
    results[position] = x === r && Number(y & 1n) === parity;
  });
  return results;
}

async function keyBehind(signer: Address, { digest, signature }: SignedDigest): Promise<CurvePoint | undefined> {
  if (!readSignature(signature)) return undefined;
  try {
    const publicKey = await recoverPublicKey({ hash: digest, signature });
    return isAddressEqual(publicKeyToAddress(publicKey), signer) ? Point.fromHex(publicKey.slice(2)) : undefined;
  } catch {
    return undefined; // r is the x of no point
  }
}

/** undefined for what is no signature: wrong length, or a number outside the group. */
function readSignature(signature: Hex): { r: bigint; s: bigint; parity: number } | undefined {
  if (signature.length !== 132) return undefined;
  try {
    const { r, s, yParity } = parseSignature(signature);
    const inGroup = (value: bigint): boolean => value > 0n && value < Fn.ORDER;
    return inGroup(BigInt(r)) && inGroup(BigInt(s)) ? { r: BigInt(r), s: BigInt(s), parity: yParity } : undefined;
  } catch {
    return undefined;
  }
}
