/** A map that keeps what was used last, bounded by the sum of its entries' weights. */
export class Lru<K, V> {
  private readonly entries = new Map<K, { value: V; weight: number }>();
  private total = 0;
  /** Used last. Asking for it again moves nothing: a small Map that is deleted from at every turn is rebuilt at every turn. */
  private newest: K | undefined;

  constructor(private readonly capacity: number) {}

  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (key !== this.newest) {
      this.entries.delete(key);
      this.entries.set(key, entry);
      this.newest = key;
    }
    return entry.value;
  }

  /** Keeps the value unless its weight alone exceeds the capacity. */
  set(key: K, value: V, weight = 1): void {
    this.remove(key);
    if (weight > this.capacity) return;
    this.entries.set(key, { value, weight });
    this.newest = key;
    this.total += weight;
    for (const oldest of this.entries.keys()) {
      if (this.total <= this.capacity) break;
      this.remove(oldest);
    }
  }

  private remove(key: K): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.total -= entry.weight;
  }
}
