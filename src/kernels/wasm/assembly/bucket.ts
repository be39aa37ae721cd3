/** What the kernel is to do: `columns` neighbours of each of some rows; ../bucket.ts has the same fields. */
@unmanaged
export class BucketTask {
  rows: f64;
  columns: f64;
  /** Relative position of the first element; the next row's is one less. */
  relative: f64;
  /** Buckets of relative positions least … least + size − 1, a u32 each; beyond them the nearest counts. */
  table: f64;
  least: f64;
  size: f64;
  out: f64;
}

class Bucket {
  /** Stores `count` times the same bucket and tells where that ends. */
  @inline
  static fill<T>(value: u32, at: usize, count: i32): usize {
    const end = at + <usize>count * sizeof<T>();
    const values = sizeof<T>() === 8 ? i64x2.splat(value) : i32x4.splat(value);
    for (; at + 16 <= end; at += 16) v128.store(at, values);
    for (; at < end; at += sizeof<T>()) store<T>(at, <T>value);
    return end;
  }

  /** Stores `count` entries of the table and tells where that ends. */
  @inline
  static copy<T>(table: usize, at: usize, count: i32): usize {
    const end = table + ((<usize>count) << 2);
    if (sizeof<T>() === 4) {
      memory.copy(at, table, end - table);
      return at + (end - table);
    }
    for (; table + 16 <= end; table += 16, at += 32) {
      const four = v128.load(table);
      v128.store(at, i64x2.extend_low_i32x4_u(four));
      v128.store(at, i64x2.extend_high_i32x4_u(four), 16);
    }
    for (; table < end; table += 4, at += 8) store<T>(at, <T>load<u32>(table));
    return at;
  }

  static rows<T>(task: BucketTask): void {
    const rows = <i32>task.rows;
    const columns = task.columns;
    const table = <usize>task.table;
    const size = task.size;
    const first = load<u32>(table);
    const last = load<u32>(table + ((<usize>size - 1) << 2));
    let at = <usize>task.out;
    let index = task.relative - task.least;
    for (let row = 0; row < rows; row++, index -= 1) {
      const before = min(max(-index, 0), columns);
      const until = min(max(size - index, before), columns);
      at = Bucket.fill<T>(first, at, <i32>before);
      if (until > before)
        at = Bucket.copy<T>(table + ((<usize>(index + before)) << 2), at, <i32>(until - before));
      at = Bucket.fill<T>(last, at, <i32>(columns - until));
    }
  }
}

/** Writes the task's part of a map of buckets, as i64 or i32. */
export function bucket(bytes: i32, task: BucketTask): void {
  if (bytes === 8) Bucket.rows<u64>(task);
  else Bucket.rows<u32>(task);
}
