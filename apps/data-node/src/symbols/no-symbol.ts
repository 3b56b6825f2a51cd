// The symbol of rows that have none: what a feed could not read has a place in the table of
// rejects, and a row needs a symbol. Always: no name policy has it by default, it never has a tick,
// and nobody waits for one.

export const noSymbolName = '?';
