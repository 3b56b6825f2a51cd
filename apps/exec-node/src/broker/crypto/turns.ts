// Work on one thing at a time: who comes while it is being worked on waits for the next turn, which
// serves everybody who came meanwhile. What always holds: a turn begins after it was asked for.

export class Turns {
  readonly #current = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  next(name: string, work: () => Promise<void>): Promise<void> {
    const current = this.#current.get(name);
    if (current === undefined) return this.#begin(name, work);
    let next = this.#next.get(name);
    if (next === undefined) {
      next = current
        .catch(() => undefined)
        .then(() => {
          this.#next.delete(name);
          return this.#begin(name, work);
        });
      this.#next.set(name, next);
    }
    return next;
  }

  #begin(name: string, work: () => Promise<void>): Promise<void> {
    const turn = work().finally(() => {
      if (this.#current.get(name) === turn) this.#current.delete(name);
    });
    this.#current.set(name, turn);
    return turn;
  }
}
