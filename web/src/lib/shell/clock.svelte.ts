import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The present in Unix seconds; ticks while something on the page shows it. */
export const clock = {
  get now(): number {
    subscribe();
    return Math.floor(Date.now() / 1000);
  },
};
