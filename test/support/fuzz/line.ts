import { type Answer, CutShort, Wire, WireError } from '../wire.js';
import { type FuzzRequest, wireText } from './request.js';
import { type Fault, faultsOf } from './verdict.js';

/** A request, what was answered, and what is wrong with that. */
export interface Trial {
  readonly request: FuzzRequest;
  /** One; any number for garbage. */
  readonly answers: readonly Answer[];
  readonly faults: readonly Fault[];
}

/** A connection that is opened when it is needed and replaced when the server has ended it. */
export class Line {
  private wire: Wire | undefined;

  /** @param known Statuses that the document declares anywhere. */
  constructor(
    private readonly port: number,
    private readonly known: ReadonlySet<number>,
  ) {}

  /** Sends a request and looks at the answer. */
  async trial(request: FuzzRequest): Promise<Trial> {
    try {
      const answers =
        request.garbage === null ? [await this.ask(request)] : await this.throwGarbage(request.garbage);
      return this.judged(request, answers);
    } catch (error) {
      return this.broken(request, error);
    }
  }

  /**
   * Sends requests at once. A server may end the connection after any of them, and what it answered last may then
   * be lost; those from there on are sent again one by one.
   */
  async pipelined(requests: readonly FuzzRequest[]): Promise<Trial[]> {
    const trials: Trial[] = [];
    let at = 0;
    try {
      const wire = await this.open();
      wire.send(requests.map(wireText).join(''));
      for (const [i, request] of requests.entries()) {
        at = i;
        const answer = await wire.answer(request.method);
        trials.push(this.judged(request, [answer]));
        if (answer.last) break;
      }
      const last = trials.at(-1);
      if (last) this.finish(wire, last.request, last.answers[0]);
    } catch (error) {
      const trial = this.broken(requests[at]!, error);
      if (!(error instanceof CutShort)) trials[at] = trial;
    }
    for (const request of requests.slice(trials.length)) trials.push(await this.trial(request));
    return trials;
  }

  close(): void {
    this.wire?.close();
    this.wire = undefined;
  }

  private judged(request: FuzzRequest, answers: readonly Answer[]): Trial {
    return { request, answers, faults: answers.flatMap((answer) => faultsOf(request, answer, this.known)) };
  }

  private broken(request: FuzzRequest, error: unknown): Trial {
    this.close();
    if (!(error instanceof WireError)) throw error;
    return { request, answers: [], faults: [{ rule: 'an answer is whole', detail: error.message }] };
  }

  private async open(): Promise<Wire> {
    if (this.wire?.socket.closed !== false) this.wire = await Wire.open(this.port);
    if (this.wire.unread !== '')
      throw new WireError(`there are bytes before the answer: ${this.wire.unread}`);
    return this.wire;
  }

  /** Nothing may stand behind the last answer. */
  private finish(wire: Wire, request: FuzzRequest, answer: Answer | undefined): void {
    // Whoever cannot read a request does not know that it is a HEAD.
    if (wire.unread !== '' && !(request.method === 'HEAD' && answer?.last)) {
      throw new WireError(`there are bytes after the answer: ${wire.unread}`);
    }
    if (answer?.last) this.close();
  }

  private async ask(request: FuzzRequest): Promise<Answer> {
    const wire = await this.open();
    wire.send(wireText(request));
    const answer = await wire.answer(request.method);
    this.finish(wire, request, answer);
    return answer;
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
