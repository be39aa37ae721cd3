import { type Answer, CutShort, Wire, WireError } from '../wire.js';
import { requestAt } from './generate.js';
import type { ApiOperation } from './operations.js';
import { type FuzzRequest, wireText } from './request.js';
import { smallestRequest } from './smallest.js';
import { declaredStatuses, type Fault, faultsOf } from './verdict.js';

/** A fault, and the smallest request found that shows it. */
export interface Finding extends Fault {
  /** Number of the request that showed it first. */
  readonly index: number;
  readonly operation: string;
  readonly kind: string;
  readonly request: string;
}

export interface FuzzReport {
  readonly findings: readonly Finding[];
  /** How often each status was answered, in ascending order. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Answers by operation. */
  readonly operations: ReadonlyMap<string, number>;
  /** Answers by what was done to the request. */
  readonly kinds: ReadonlyMap<string, number>;
}

export interface FuzzOptions {
  /** Of 127.0.0.1. */
  readonly port: number;
  readonly operations: readonly ApiOperation[];
  readonly seed: number;
  /** Numbers of the requests: from `first`, `count` of them. */
  readonly first?: number;
  readonly count: number;
}

/** Requests under way at the same time. */
const connections = 8;
/** Different faults after which there is nothing new to learn. */
const mostFindings = 10;

function count<K>(into: Map<K, number>, key: K): void {
  into.set(key, (into.get(key) ?? 0) + 1);
}

/** A connection that is opened when it is needed and replaced when the server has ended it. */
class Line {
  private wire: Wire | undefined;

  constructor(private readonly port: number) {}

  async ask(request: FuzzRequest): Promise<Answer[]> {
    if (request.garbage !== null) return this.throwGarbage(request.garbage);
    if (this.wire?.socket.closed !== false) this.wire = await Wire.open(this.port);
    const { wire } = this;
    if (wire.unread !== '') throw new WireError(`there are bytes before the answer: ${wire.unread}`);
    wire.send(wireText(request));
    const answer = await wire.answer(request.method);
    // Whoever cannot read a request does not know that it is a HEAD.
    if (wire.unread !== '' && !(request.method === 'HEAD' && answer.last)) {
      throw new WireError(`there are bytes after the answer: ${wire.unread}`);
    }
    if (answer.last) this.close();
    return [answer];
  }

  close(): void {
    this.wire?.close();
    this.wire = undefined;
  }

  /**
   * There may be any number of answers, none included; then the server ends the connection. Half closing it tells
   * that no more will come; a server may take that for leaving, so the last body need not be whole.
   */
  private async throwGarbage(text: string): Promise<Answer[]> {
    const wire = await Wire.open(this.port);
    wire.socket.end(Buffer.from(text, 'latin1'));
    const answers: Answer[] = [];
    try {
      while (!(await wire.isOver())) answers.push(await wire.answer());
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
    } finally {
      wire.close();
    }
    return answers;
  }
}

/** Sends a request and tells what is wrong with the answers. */
async function trial(
  line: Line,
  request: FuzzRequest,
  known: ReadonlySet<number>,
): Promise<{ answers: readonly Answer[]; faults: readonly Fault[] }> {
  try {
    const answers = await line.ask(request);
    return { answers, faults: answers.flatMap((answer) => faultsOf(request, answer, known)) };
  } catch (error) {
    line.close();
    if (!(error instanceof WireError)) throw error;
    return { answers: [], faults: [{ rule: 'an answer is whole', detail: error.message }] };
  }
}

/**
 * Sends requests to a service and compares every answer with what the document and HTTP say. Ends early when
 * there are many different faults.
 */
export async function runFuzz({
  port,
  operations,
  seed,
  first = 0,
  count: total,
}: FuzzOptions): Promise<FuzzReport> {
  const known = declaredStatuses(operations);
  const statuses = new Map<number, number>();
  const byOperation = new Map<string, number>();
  const kinds = new Map<string, number>();
  const faulty = new Map<string, { index: number; request: FuzzRequest; fault: Fault }>();
  let next = first;

  const work = async () => {
    const line = new Line(port);
    while (next < first + total && faulty.size < mostFindings) {
      const index = next++;
      const request = requestAt(operations, seed, index);
      const { answers, faults } = await trial(line, request, known);
      for (const { status } of answers) count(statuses, status);
      count(byOperation, request.operation.id);
      count(kinds, request.kind);
      for (const fault of faults) {
        const key = `${fault.rule} ${request.operation.id}`;
        if (!faulty.has(key)) faulty.set(key, { index, request, fault });
      }
    }
    line.close();
  };
  await Promise.all(Array.from({ length: connections }, work));

  const findings: Finding[] = [];
  for (const { index, request, fault } of faulty.values()) {
    let { detail } = fault;
    const smallest = await smallestRequest(request, async (candidate) => {
      const line = new Line(port);
      const { faults } = await trial(line, candidate, known);
      line.close();
      const same = faults.find(({ rule }) => rule === fault.rule);
      if (same) detail = same.detail;
      return same !== undefined;
    });
    findings.push({
      rule: fault.rule,
      detail,
      index,
      operation: request.operation.id,
      kind: request.kind,
      request: wireText(smallest),
    });
  }
  return {
    findings,
    statuses: new Map([...statuses].sort(([a], [b]) => a - b)),
    operations: byOperation,
    kinds,
  };
}

/** A finding in a few lines, the request as an escaped text. */
export function describeFinding({ rule, detail, index, operation, kind, request }: Finding): string {
  const shown = JSON.stringify(request.length > 2000 ? `${request.slice(0, 2000)}…` : request);
  return `${rule}: ${detail.slice(0, 2000)}\n  request ${index} (${operation}, ${kind}):\n  ${shown}`;
}
