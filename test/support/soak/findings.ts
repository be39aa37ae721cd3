/** One way in which a soak went wrong. */
export interface Finding {
  readonly rule: string;
  /** What was done, where it was a client that found it. */
  readonly act: string | null;
  readonly detail: string;
}

/** What the clients of one kind did. */
export interface ActCount {
  answers: number;
  /** Bytes that were read, and those of them that were compared with the truth. */
  read: number;
  compared: number;
}

/** Findings of one rule that are told; of the others there is only their number. */
const mostTold = 5;

/** Everything that a soak counts and finds. */
export class Findings {
  readonly told: Finding[] = [];
  /** How often each rule was broken. */
  readonly rules = new Map<string, number>();
  /** Answers by their status. */
  readonly statuses = new Map<number, number>();
  readonly acts = new Map<string, ActCount>();

  add(rule: string, act: string | null, detail: string): void {
    const before = this.rules.get(rule) ?? 0;
    this.rules.set(rule, before + 1);
    if (before < mostTold) this.told.push({ rule, act, detail });
  }

  answered(act: string, status: number): void {
    this.of(act).answers++;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  read(act: string, bytes: number): void {
    this.of(act).read += bytes;
  }

  compared(act: string, bytes: number): void {
    this.of(act).compared += bytes;
  }

  private of(act: string): ActCount {
    let count = this.acts.get(act);
    if (!count) {
      count = { answers: 0, read: 0, compared: 0 };
      this.acts.set(act, count);
    }
    return count;
  }
}
