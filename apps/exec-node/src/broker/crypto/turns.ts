// Work on one thing at a time: who comes while it is being worked on waits for the next turn, which
// serves everybody who came meanwhile. What always holds: a turn begins after it was asked for, and
// knows the wishes of all it serves.

export class Turns<Wish> {
  readonly #work: (name: string, wishes: ReadonlySet<Wish>) => Promise<void>;
  readonly #current = new Map<string, Promise<void>>();
  readonly #next = new Map<string, { readonly wishes: Set<Wish>; readonly turn: Promise<void> }>();

  constructor(work: (name: string, wishes: ReadonlySet<Wish>) => Promise<void>) {
    this.#work = work;
  }

  next(name: string, wish: Wish): Promise<void> {
    const next = this.#next.get(name);
    if (next !== undefined) {
      next.wishes.add(wish);
      return next.turn;
    }
    const current = this.#current.get(name);
    if (current === undefined) return this.#begin(name, new Set([wish]));
    const wishes = new Set([wish]);
    const turn = current
      .catch(() => undefined)
      .then(() => {
        this.#next.delete(name);
        return this.#begin(name, wishes);
      });
    this.#next.set(name, { wishes, turn });
    return turn;
  }

  #begin(name: string, wishes: ReadonlySet<Wish>): Promise<void> {
    const turn = this.#work(name, wishes).finally(() => {
      if (this.#current.get(name) === turn) this.#current.delete(name);
    });
    this.#current.set(name, turn);
    return turn;
  }
}
