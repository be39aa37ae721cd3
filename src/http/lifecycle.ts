declare module 'fastify' {
  interface FastifyContextConfig {
    /** A probe is answered in every state. */
    probe?: boolean;
  }
}

/**
 * `starting` until everything that was begun is done; `ready`; `draining` from the signal to stop, while new
 * connections still come; `closing` when they do not.
 */
export type State = 'starting' | 'ready' | 'draining' | 'closing';

/** Where the service stands between start and stop. */
export class Lifecycle {
  private readonly tasks = new Set<string>();
  private stage: State = 'ready';

  get state(): State {
    return this.stage === 'ready' && this.tasks.size > 0 ? 'starting' : this.stage;
  }

  get stopping(): boolean {
    return this.stage !== 'ready';
  }

  /** What the start still waits for. */
  get waitingFor(): readonly string[] {
    return [...this.tasks];
  }

  /** Names something that must be done before the service is ready; the result tells that it is done. */
  begin(task: string): () => void {
    this.tasks.add(task);
    return () => {
      this.tasks.delete(task);
    };
  }

  drain(): void {
    if (this.stage === 'ready') this.stage = 'draining';
  }

  close(): void {
    this.stage = 'closing';
  }
}
