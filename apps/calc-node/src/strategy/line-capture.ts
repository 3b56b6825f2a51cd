// What a strategy's process prints, as lines for the log. Always: bounded; a line is cut, a flood
// is left out and counted, and memory does not grow with what is printed.

const lineLengthMax = 2000;
const linesPerWindow = 100;
const windowNs = 1e9;

export class LineCapture {
  readonly #write: (line: string) => void;
  readonly #monotonicNs: () => number;
  #rest = '';
  #isCutting = false;
  #windowStartNs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #suppressed = 0;

  constructor(write: (line: string) => void, monotonicNs: () => number) {
    this.#write = write;
    this.#monotonicNs = monotonicNs;
  }

  /** Lines left out so far. */
  get suppressed(): number {
    return this.#suppressed;
  }

  push(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#append(text.slice(from, end));
      this.#flush();
      from = end + 1;
    }
    this.#append(text.slice(from));
  }

  /** The stream has ended: what is left is a line too. */
  end(): void {
    if (this.#rest !== '') this.#flush();
  }

  #append(text: string): void {
    if (this.#isCutting || text === '') return;
    this.#rest += text.slice(0, lineLengthMax - this.#rest.length + 1);
    if (this.#rest.length <= lineLengthMax) return;
    this.#rest = `${this.#rest.slice(0, lineLengthMax)}...`;
    this.#isCutting = true;
  }

  #flush(): void {
    const line = this.#rest;
    this.#rest = '';
    this.#isCutting = false;
    const nowNs = this.#monotonicNs();
    if (nowNs - this.#windowStartNs >= windowNs) {
      this.#windowStartNs = nowNs;
      this.#lines = 0;
    }
    this.#lines += 1;
    if (this.#lines <= linesPerWindow) this.#write(line);
    else this.#suppressed += 1;
  }
}
