// hot: no allocation after init, but for sources that are new
// Names of sources as a column of texts has them: each is encoded once.

const encoder = new TextEncoder();

export class SourceNames {
  readonly #bytes = new Map<string, Uint8Array>();

  bytesOf(source: string): Uint8Array {
    let name = this.#bytes.get(source);
    if (name === undefined) {
      name = encoder.encode(source);
      this.#bytes.set(source, name);
    }
    return name;
  }
}
