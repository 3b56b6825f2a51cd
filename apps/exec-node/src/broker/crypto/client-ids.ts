// Our order ids as exchanges take them: letters and digits alone, because some refuse dashes and
// more refuse dots, which the parts of an order that works here have. What always holds: an id goes
// there and back as it was; what is none of ours stays as it is.

/** Behind the letters of its node (exec.orderPrefix), when it has any. */
const ours = /^([a-z]{0,6})(\d+-\d+-\d+(?:\.\d+)*)$/;
/** Some venues put two signs of their own in front. */
const oursThere = /^(?:t-)?([a-z]{0,6})(\d+a\d+a\d+(?:b\d+)*)$/;

/** `7-118-0.2` is `7a118a0b2` there. */
export function venueIdOf(clientOrderId: string): string {
  const [, node = '', id] = ours.exec(clientOrderId) ?? [];
  return id === undefined ? clientOrderId : node + id.replaceAll('-', 'a').replaceAll('.', 'b');
}

export function orderIdOf(venueClientId: string): string {
  const [, node = '', id] = oursThere.exec(venueClientId) ?? [];
  return id === undefined ? venueClientId : node + id.replaceAll('a', '-').replaceAll('b', '.');
}
