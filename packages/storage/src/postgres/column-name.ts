// What a column without a name is called: PostgreSQL calls it by its function, and clients count on
// that (`rows[0].count`); SQL here has the whole call, as `count_star()` or `avg(price)`.

const callBegin = /^(?:main\.)?(?:"([^"]+)"|(\w+))\(/;

/** What may stand behind a call that is still one: FILTER (WHERE ...), OVER (...). */
const callEnd = /^(?: (?:FILTER|OVER) \(.*\))?$/s;

/** Names that SQL here has of its own. */
const renamed: ReadonlyMap<string, string> = new Map([['count_star', 'count']]);

/** Whatever is no call of a function keeps its name. */
export function columnName(name: string): string {
  const found = callBegin.exec(name);
  const called = found?.[1] ?? found?.[2];
  if (found === null || called === undefined || called === 'CAST') return name;
  const close = closingBracket(name, found[0].length);
  if (close < 0 || !callEnd.test(name.slice(close + 1))) return name;
  return renamed.get(called) ?? called.toLowerCase();
}

/** Of the bracket before `from`, -1: none; those in texts and names do not count. */
function closingBracket(text: string, from: number): number {
  let depth = 1;
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const one = text[at]!;
    if (quote !== '') quote = one === quote ? '' : quote;
    else if (one === "'" || one === '"') quote = one;
    else if (one === '(') depth += 1;
    else if (one === ')' && --depth === 0) return at;
  }
  return -1;
}
