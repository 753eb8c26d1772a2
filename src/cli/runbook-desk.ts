import type { Step } from '../core/runbook.ts';
import type { Confirmation, Operator } from '../engine/runbook-context.ts';
import { planText } from '../report/plan-text.ts';
import type { Reporter } from '../report/reporter.ts';
import { RunbookProgress } from '../report/runbook-progress.ts';
import { harmless } from '../report/text.ts';
import { typed } from './prompt.ts';
import type { Composition } from './wiring.ts';

/** Where the operator sits: the display, which is put away for every question. */
export class RunbookDesk implements Operator {
  readonly #composition: Composition;
  readonly #progress = new RunbookProgress();
  readonly #given: readonly string[];
  readonly #stepwise: boolean;
  readonly #until: number;
  #reporter: Reporter;

  private constructor(
    composition: Composition,
    reporter: Reporter,
    given: readonly string[],
    stepwise: boolean,
    until: number,
  ) {
    this.#composition = composition;
    this.#reporter = reporter;
    this.#given = given;
    this.#stepwise = stepwise;
    this.#until = until;
  }

  /** `given`: texts of --confirm. `stepwise`: asks before every step. `until`: the last step that is begun. */
  static async open(
    composition: Composition,
    given: readonly string[],
    stepwise: boolean,
    until = Number.POSITIVE_INFINITY,
  ): Promise<RunbookDesk> {
    const desk = new RunbookDesk(composition, SILENT, given, stepwise, until);
    await desk.#reopen();
    return desk;
  }

  show({ play }: Step, planned: Parameters<Operator['show']>[1]): void {
    if (play.tasks.length === 0) return;
    const { paintErr: paint } = this.#composition.console;
    this.print(planText(planned, { paint, commands: true }).trimEnd());
  }

  async proceed({ number, name }: Step): Promise<boolean> {
    if (number > this.#until) return false;
    if (!this.#stepwise) return true;
    const question = `\nDo step ${number} (${harmless(name)})? Type "yes": `;
    return (await this.#ask(question)) === 'yes';
  }

  async confirm(_step: Step, { text, message }: Confirmation): Promise<'typed' | 'option' | undefined> {
    if (message !== undefined) this.print(`\n${harmless(message)}`);
    if (this.#given.includes(text)) return 'option';
    const answer = await this.#ask(`\nTo go on, type "${harmless(text)}": `);
    return answer === text ? 'typed' : undefined;
  }

  print(text: string): void {
    this.#reporter.print(this.#composition.masker.mask(text));
  }

  elapsed(): string {
    return this.#progress.elapsed(performance.now());
  }

  async close(): Promise<void> {
    await this.#reporter.close();
  }

  /** Puts the display away while something else speaks with the operator. */
  async away<T>(speak: () => Promise<T>): Promise<T> {
    await this.#reporter.close();
    try {
      return await speak();
    } finally {
      await this.#reopen();
    }
  }

  #ask(question: string): Promise<string | undefined> {
    return this.away(() => typed(this.#composition.masker.mask(question)));
  }

  async #reopen(): Promise<void> {
    this.#reporter = await this.#composition.openReporter(this.#progress);
  }
}

const SILENT: Reporter = { emit: () => {}, print: () => {}, close: async () => {} };
