// Patterns of names as people write them in files: which of many entries is for a name.

interface Pattern {
  readonly at: number;
  readonly text: string;
}

/** Which of many lists of patterns is the first that matches a name. Patterns are found by what
 * they begin with, up to their first `*` or `?`. */
export class PatternList {
  readonly #byStart = new Map<string, Pattern[]>();
  readonly #startLengths: readonly number[];

  constructor(lists: readonly (readonly string[])[]) {
    for (const [at, patterns] of lists.entries())
      for (const text of patterns) {
        const start = /^[^*?]*/.exec(text)?.[0] ?? '';
        const same = this.#byStart.get(start);
        if (same === undefined) this.#byStart.set(start, [{ at, text }]);
        else same.push({ at, text });
      }
    this.#startLengths = [...new Set([...this.#byStart.keys()].map(({ length }) => length))];
  }

  first(name: string): number | undefined {
    let first: number | undefined;
    for (const length of this.#startLengths) {
      const patterns = length > name.length ? [] : this.#byStart.get(name.slice(0, length));
      for (const { at, text } of patterns ?? []) {
        if (first !== undefined && at >= first) break;
        if (matches(text, name)) first = at;
      }
    }
    return first;
  }
}

/** `*` stands for any characters, `?` for one. Goes back to the last `*` only, so that no pattern
 * is slow. */
function matches(pattern: string, name: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let retry = 0;
  while (place < name.length) {
    if (pattern[at] === '*') {
      star = at;
      retry = place;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[place])) {
      at += 1;
      place += 1;
    } else if (star >= 0) {
      retry += 1;
      place = retry;
      at = star + 1;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
