// Runs things that take long, so many at a time: always the first of those waiting whose
// predecessor has ended. Why: of our suites some compile on every processor and some mostly wait;
// one after the other leaves processors idle, all at once drowns the small machine.

/**
 * @template {{ name: string, after?: string }} T
 * @template R
 * @param {readonly T[]} things in the order they begin; `after` names one that must have ended,
 *   where it is among them at all; it must stand earlier
 * @param {number} lanes how many run at a time
 * @param {(thing: T) => Promise<R>} run must not reject
 * @returns {Map<T, Promise<R>>} what each comes to, in the order of `things`
 */
export function runInLanes(things, lanes, run) {
  const waiting = [...things];
  const unfinished = new Set(things.map((one) => one.name));
  const settle = new Map();
  const results = new Map();
  for (const one of things) results.set(one, new Promise((resolve) => settle.set(one, resolve)));
  let running = 0;
  const fill = () => {
    while (running < lanes) {
      const at = waiting.findIndex((one) => !unfinished.has(one.after));
      if (at < 0) return;
      const [one] = waiting.splice(at, 1);
      running += 1;
      void run(one).then((result) => {
        running -= 1;
        unfinished.delete(one.name);
        settle.get(one)(result);
        fill();
      });
    }
  };
  fill();
  return results;
}
