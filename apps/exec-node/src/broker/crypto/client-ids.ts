// Our order ids as exchanges take them: letters and digits alone, because some refuse dashes and
// more refuse dots, which the parts of an order that works here have. What always holds: an id goes
// there and back as it was; what is none of ours stays as it is.

const ours = /^\d+-\d+-\d+(?:\.\d+)*$/;
/** Some venues put two signs of their own in front. */
const oursThere = /^(?:t-)?(\d+a\d+a\d+(?:b\d+)*)$/;

/** `7-118-0.2` is `7a118a0b2` there. */
export function venueIdOf(clientOrderId: string): string {
  if (!ours.test(clientOrderId)) return clientOrderId;
  return clientOrderId.replaceAll('-', 'a').replaceAll('.', 'b');
}

export function orderIdOf(venueClientId: string): string {
  const id = oursThere.exec(venueClientId)?.[1];
  return id === undefined ? venueClientId : id.replaceAll('a', '-').replaceAll('b', '.');
}
