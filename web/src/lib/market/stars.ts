/** Stars that can be given, the most first. */
export const STARS = [5, 4, 3, 2, 1] as const;

/** A mean in hundredths of a star, to a tenth and never rounded up: `4.3`. */
export const formatStars = (hundredths: number): string => (Math.floor(hundredths / 10) / 10).toFixed(1);

/** How many gave how many stars, the most stars first. */
export function spread(ratings: readonly { stars: number }[]): { stars: number; count: number }[] {
  return STARS.map((stars) => ({ stars, count: ratings.filter((rating) => rating.stars === stars).length }));
}

type Offered = { salePrice: string | null; listing: { expiry: string } | null };

/** What a model can be bought for now, in wei; undefined where it is not for sale. `now` in Unix seconds. */
export function priceNow({ salePrice, listing }: Offered, now: number): bigint | undefined {
  if (salePrice === null || listing === null || Number(listing.expiry) < now) return undefined;
  return BigInt(salePrice);
}
