import { endWithParent } from '@billhook/testing';

export interface ProgramOptions {
  progress: (line: string) => void;
  /** Says why the program failed. */
  complain: (message: string) => void;
}

/** A program that starts others and stops them at its end, whatever ends it: its work, Ctrl-C, `kill`, or its parent's end. */
export class Program {
  private readonly begun: { name: string; stop: () => Promise<void> }[] = [];
  private hasToEnd = false;

  constructor(private readonly options: ProgramOptions) {}

  /** Somebody ends it from outside: what fails from now on fails because of that. */
  get isEnding(): boolean {
    return this.hasToEnd;
  }

  /** Once it has begun. At the end the last is stopped first, each once; what has only half begun ends with us: see the reaper. */
  stopAtEnd(name: string, stop: () => Promise<void>): void {
    this.begun.push({ name, stop });
  }

  /** Does the work, stops everything, and ends the process: with the work's exit code, or 1 when something failed. */
  async run(work: () => Promise<number>): Promise<never> {
    process.on('SIGINT', this.onEnd(130, 'interrupted'));
    process.on('SIGTERM', this.onEnd(143, 'terminated'));
    endWithParent(this.onEnd(1, 'the process that started this one is gone'));
    const exitCode = await this.exitCodeOf(work);
    const isClean = await this.stopEverything();
    return process.exit(isClean ? exitCode : 1);
  }

  private async exitCodeOf(work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      // Whoever stops everything also ends this process, with a code of its own.
      if (this.isEnding) await new Promise<never>(() => undefined);
      this.options.complain(messageOf(error));
      return 1;
    }
  }

  private onEnd(exitCode: number, reason: string): () => void {
    return () => {
      if (this.hasToEnd) process.exit(exitCode); // the second Ctrl-C
      this.hasToEnd = true;
      this.options.progress(`${reason}: stopping …`);
      void this.stopEverything().then(() => process.exit(exitCode));
    };
  }

  private async stopEverything(): Promise<boolean> {
    let isClean = true;
    for (let next = this.begun.pop(); next; next = this.begun.pop()) {
      try {
        await next.stop();
      } catch (error) {
        isClean = false;
        this.options.progress(`stopping ${next.name} failed: ${messageOf(error)}`);
      }
    }
    return isClean;
  }
}

/** What went wrong, in the words for people. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
