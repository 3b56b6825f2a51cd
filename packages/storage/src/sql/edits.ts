// Replaced parts of a text, and the way back: from a place in the new text to the old one.

export interface Edit {
  /** Of the old text; start === end inserts. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export class EditedText {
  readonly text: string;
  readonly #edits: readonly Edit[];

  /** Edits that do not overlap, in any order. */
  constructor(old: string, edits: readonly Edit[]) {
    this.#edits = edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
    let text = '';
    let at = 0;
    for (const edit of this.#edits) {
      text += old.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    this.text = text + old.slice(at);
  }

  /** Where a place of the new text comes from; the start of what was replaced when it is new. */
  oldOffset(offset: number): number {
    let shift = 0;
    for (const edit of this.#edits) {
      const start = edit.start + shift;
      if (offset < start) break;
      if (offset < start + edit.text.length) return edit.start;
      shift += edit.text.length - (edit.end - edit.start);
    }
    return offset - shift;
  }
}
