/** Longest stretch of work before others get their turn, ms. */
const turn = 5;

/** `map` for long lists, on the thread that answers calls too: those get a turn every few milliseconds. */
export async function inTurns<In, Out>(items: readonly In[], make: (item: In) => Out): Promise<Out[]> {
  const made: Out[] = [];
  let began = performance.now();
  for (const item of items) {
    made.push(make(item));
    if (performance.now() - began < turn) continue;
    await new Promise((done) => setImmediate(done));
    began = performance.now();
  }
  return made;
}
