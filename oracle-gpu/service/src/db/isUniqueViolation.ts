/** Whether the database refused a row because another has the same unique key (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if ('code' in inner && inner.code === '23505') return true;
  }
  return false;
}
