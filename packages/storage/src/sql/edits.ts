// Replaced parts of a text, and the way back: from a place in the new text to the old one. What is
// put in place of a part may hold slices of the old text, which keep their places.

export interface Slice {
  readonly start: number;
  readonly end: number;
}

export type EditPart = string | Slice;

export interface Edit {
  /** Of the old text; start === end inserts. */
  readonly start: number;
  readonly end: number;
  readonly text: string | readonly EditPart[];
}

/** Of the new text, and where it comes from. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly old: number;
  /** The same text as there, not only in place of it. */
  readonly isKept: boolean;
}

export class EditedText {
  readonly text: string;
  readonly #pieces: readonly Piece[];

  /** Edits that do not overlap, in any order. */
  constructor(old: string, edits: readonly Edit[]) {
    const pieces: Piece[] = [];
    let text = '';
    const add = (more: string, from: number, isKept: boolean): void => {
      const start = text.length;
      text += more;
      pieces.push({ start, end: text.length, old: from, isKept });
    };
    let at = 0;
    for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      add(old.slice(at, edit.start), at, true);
      for (const part of typeof edit.text === 'string' ? [edit.text] : edit.text)
        if (typeof part === 'string') add(part, edit.start, false);
        else add(old.slice(part.start, part.end), part.start, true);
      at = edit.end;
    }
    add(old.slice(at), at, true);
    this.text = text;
    this.#pieces = pieces;
  }

  /** Where a place of the new text comes from; the start of what was replaced when it is new. */
  oldOffset(offset: number): number {
    const piece =
      this.#pieces.find(({ start, end }) => offset >= start && offset < end) ?? this.#pieces.at(-1);
    if (piece === undefined) return offset;
    return piece.isKept ? piece.old + offset - piece.start : piece.old;
  }
}
