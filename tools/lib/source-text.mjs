// A source file with its comments and literals told apart, for checkers that read TypeScript,
// JavaScript and C++ without a compiler. All three texts have the length and the line breaks of the
// file, so that an index in one is the same place in the others.
//
//   text   the file
//   code   comments blanked
//   bare   comments and the contents of strings, templates and regular expressions blanked

/** @typedef {{ path: string, text: string, code: string, bare: string, lines: string[] }} Source */

const keywordsBeforeRegex = /\b(return|typeof|case|in|of|delete|void|throw|new|else|await|yield)$/;

function blank(text) {
  return text.replace(/[^\n]/g, ' ');
}

/** Reads on from an opening quote; answers the index after the closing one. */
function endOfString(text, start) {
  const quote = text[start];
  let index = start + 1;
  while (index < text.length && text[index] !== quote && text[index] !== '\n')
    index += text[index] === '\\' ? 2 : 1;
  return Math.min(index + 1, text.length);
}

function endOfRegex(text, start) {
  let index = start + 1;
  let inClass = false;
  for (; index < text.length && text[index] !== '\n'; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === '[') inClass = true;
    else if (text[index] === ']') inClass = false;
    else if (text[index] === '/' && !inClass) break;
  }
  index += 1;
  while (/[a-z]/.test(text[index] ?? '')) index += 1;
  return index;
}

function endOfComment(text, start) {
  const end = text[start + 1] === '/' ? text.indexOf('\n', start) : text.indexOf('*/', start + 2);
  if (end === -1) return text.length;
  return text[start + 1] === '/' ? end : end + 2;
}

/** Is a slash after this text the start of a regular expression? */
function regexMayStart(before) {
  const trimmed = before.trimEnd();
  if (trimmed === '') return true;
  if (keywordsBeforeRegex.test(trimmed)) return true;
  return /[=(,:;!&|?{}[+\-*%<>~^]$/.test(trimmed);
}

class Splitter {
  constructor(text, isCpp) {
    this.text = text;
    this.isCpp = isCpp;
    this.code = '';
    this.bare = '';
    /** Open `${` of templates: the depth of braces inside each. */
    this.templates = [];
  }

  /** Takes the text up to `end` as one of comment, literal or code. */
  take(end, kind) {
    const part = this.text.slice(this.code.length, end);
    this.code += kind === 'comment' ? blank(part) : part;
    this.bare += kind === 'code' ? part : kind === 'comment' ? blank(part) : quoted(part);
  }

  /** The index after the part of a template that ends at `${` or at the closing backtick. */
  templateEnd(start) {
    let index = start;
    for (; index < this.text.length; index += 1) {
      if (this.text[index] === '\\') index += 1;
      else if (this.text[index] === '`') return index + 1;
      else if (this.text.startsWith('${', index)) {
        this.templates.push(0);
        return index + 2;
      }
    }
    return index;
  }

  takeCpp(index) {
    const raw = /^R"([^(\s]{0,16})\(/.exec(this.text.slice(index, index + 20));
    if (raw !== null && !/\w/.test(this.text[index - 1] ?? '')) {
      const end = this.text.indexOf(`)${raw[1]}"`, index);
      this.take(end === -1 ? this.text.length : end + raw[1].length + 2, 'literal');
      return true;
    }
    const character = this.text[index];
    // A quote between digits separates them: 1'000.
    const separates = character === "'" && /[0-9a-fA-F]/.test(this.text[index - 1] ?? '');
    if (!separates && (character === '"' || character === "'")) {
      this.take(endOfString(this.text, index), 'literal');
      return true;
    }
    return false;
  }

  takeScript(index) {
    const character = this.text[index];
    if (character === '"' || character === "'") {
      this.take(endOfString(this.text, index), 'literal');
    } else if (character === '`') {
      this.take(this.templateEnd(index + 1), 'literal');
    } else if (character === '/' && regexMayStart(this.bare.slice(-40))) {
      this.take(endOfRegex(this.text, index), 'literal');
    } else if (this.templates.length > 0 && (character === '{' || character === '}')) {
      const depth = this.templates.pop();
      if (character === '}' && depth === 0) {
        this.take(this.templateEnd(index + 1), 'literal');
        return true;
      }
      this.templates.push(depth + (character === '{' ? 1 : -1));
      return false;
    } else return false;
    return true;
  }

  split() {
    for (let index = 0; index < this.text.length; index = this.code.length) {
      const two = this.text.slice(index, index + 2);
      if (two === '//' || two === '/*') this.take(endOfComment(this.text, index), 'comment');
      else if (!(this.isCpp ? this.takeCpp(index) : this.takeScript(index)))
        this.take(index + 1, 'code');
    }
  }
}

/** A literal with its delimiters kept and its content blanked. */
function quoted(part) {
  if (part.length < 2) return part;
  const open = part[0] === '}' ? ' ' : part[0];
  const close = part.endsWith('${') ? ' ' : part.at(-1);
  return open + blank(part.slice(1, -1)) + close;
}

/** @returns {Source} */
export function splitSource(path, text) {
  const splitter = new Splitter(text, /\.(cc|cpp|h|hpp)$/.test(path));
  splitter.split();
  return { path, text, code: splitter.code, bare: splitter.bare, lines: text.split('\n') };
}

/** The line (from 1) of an index in any of the texts. */
export function lineOf(source, index) {
  let line = 1;
  for (let at = source.text.indexOf('\n'); at !== -1 && at < index; line += 1)
    at = source.text.indexOf('\n', at + 1);
  return line;
}
