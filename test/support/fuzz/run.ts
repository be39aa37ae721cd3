import { requestAt } from './generate.js';
import { Line } from './line.js';
import type { ApiOperation } from './operations.js';
import { type FuzzRequest, wireText } from './request.js';
import { smallestRequest } from './smallest.js';
import { declaredStatuses, type Fault } from './verdict.js';

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
/** Of every ten requests so many are sent at once on one connection, the others one after the other. */
const pipelined = 3;
/** Different faults after which there is nothing new to learn. */
const mostFindings = 10;

function count<K>(into: Map<K, number>, key: K): void {
  into.set(key, (into.get(key) ?? 0) + 1);
}

/** A request whose answer is wrong, as it was found. */
interface Suspect {
  readonly index: number;
  readonly request: FuzzRequest;
  readonly fault: Fault;
  /** What was sent before it on the same connection, at once. */
  readonly before: readonly FuzzRequest[];
}

/** Looks for the smallest request with the same fault, each on a connection of its own. */
async function finding({ index, request, fault, before }: Suspect, line: Line): Promise<Finding> {
  let { detail } = fault;
  const shows = async (candidate: FuzzRequest) => {
    const { faults } = await line.trial(candidate);
    line.close();
    const same = faults.find(({ rule }) => rule === fault.rule);
    if (same) detail = same.detail;
    return same !== undefined;
  };
  const alone = await shows(request);
  const sent = alone ? [await smallestRequest(request, shows)] : [...before, request];
  return {
    rule: fault.rule,
    detail,
    index,
    operation: request.operation.id,
    kind: alone ? request.kind : `${request.kind}, not alone on its connection`,
    request: sent.map(wireText).join(''),
  };
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
  const faulty = new Map<string, Suspect>();
  const end = first + total;
  let next = first;

  const work = async () => {
    const line = new Line(port, known);
    while (next < end && faulty.size < mostFindings) {
      const index = next;
      next = Math.min(end, index + (index % 10 === 0 ? pipelined : 1));
      const group = Array.from({ length: next - index }, (_, i) => requestAt(operations, seed, index + i));
      const together = group.length > 1 && group.every(({ garbage }) => garbage === null);
      const trials = together ? await line.pipelined(group) : [];
      if (!together) for (const request of group) trials.push(await line.trial(request));
      for (const [i, { request, answers, faults }] of trials.entries()) {
        for (const { status } of answers) count(statuses, status);
        count(byOperation, request.operation.id);
        count(kinds, request.kind);
        for (const fault of faults) {
          const key = `${fault.rule} ${request.operation.id}`;
          const before = together ? group.slice(0, i) : [];
          if (!faulty.has(key)) faulty.set(key, { index: index + i, request, fault, before });
        }
      }
    }
    line.close();
  };
  await Promise.all(Array.from({ length: connections }, work));

  const findings: Finding[] = [];
  for (const suspect of faulty.values()) findings.push(await finding(suspect, new Line(port, known)));
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
