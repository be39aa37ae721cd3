/** A list of the elements that a kernel leaves to its caller, each by its number, a u32. */
export class Undecided {
  /** Appends `first + lane` of every lane whose bit is set and tells where the list now ends. */
  static append(bits: i32, first: usize, end: usize): usize {
    for (; bits !== 0; bits &= bits - 1) {
      store<u32>(end, <u32>(first + <usize>ctz(bits)));
      end += 4;
    }
    return end;
  }
}
