import { DefaultRenderer, LISTR_DEFAULT_RENDERER_STYLE, Listr, ListrLogger, ProcessOutput } from 'listr2';

/** The stream that a live area draws on. */
export type TerminalStream = NodeJS.WriteStream;

/** listr2 asks whether stdout is a terminal; ours draws on stderr, and the caller has asked already. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** How long lasting text is collected before the live rows are taken away for it. Milliseconds. */
const COLLECT_MS = 50;

/**
 * Rows at the bottom of the terminal that are drawn again and again, and lasting text above them. listr2 draws the
 * rows and never gives up the screen on its own, so for lasting text its list is ended, cleared and begun anew.
 */
export class LiveArea {
  readonly #stream: TerminalStream;
  readonly #colour: boolean;
  #rows: readonly string[] = [];
  #text = '';
  #closed = false;
  #wake: (() => void) | undefined;
  #retitle: ((rows: readonly string[]) => void) | undefined;
  readonly #done: Promise<void>;

  constructor(stream: TerminalStream, colour: boolean) {
    this.#stream = stream;
    this.#colour = colour;
    this.#done = this.#draw();
  }

  show(rows: readonly string[]): void {
    const resized = rows.length !== this.#rows.length;
    this.#rows = rows;
    if (resized) this.#wake?.();
    else this.#retitle?.(rows);
  }

  print(text: string): void {
    const first = this.#text === '';
    this.#text += `${text}\n`;
    if (first) setTimeout(() => this.#wake?.(), COLLECT_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    await this.#done;
  }

  async #draw(): Promise<void> {
    while (!this.#closed) {
      this.#writeText();
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#rows.length === 0) await woken;
      else await this.#drawRows(woken);
    }
    this.#writeText();
  }

  #writeText(): void {
    if (this.#text !== '') this.#stream.write(this.#text);
    this.#text = '';
  }

  async #drawRows(until: Promise<void>): Promise<void> {
    const rows = this.#rows;
    const setters: ((title: string) => void)[] = [];
    this.#retitle = (titles) => {
      for (const [index, title] of titles.entries()) setters[index]?.(title);
    };
    const list = new Listr(
      rows.map((title, index) => ({
        title,
        task: (_context, task) => {
          setters[index] = (fresh) => {
            task.title = fresh;
          };
          return until;
        },
      })),
      {
        concurrent: true,
        registerSignalListeners: false,
        renderer: StderrRenderer,
        rendererOptions: this.#rendererOptions(),
      },
    );
    await list.run();
    this.#retitle = undefined;
  }

  #rendererOptions() {
    const { icon = {}, color = {} } = LISTR_DEFAULT_RENDERER_STYLE;
    const uncoloured = Object.fromEntries(Object.keys(color).map((level) => [level, asItIs]));
    return {
      clearOutput: true,
      formatOutput: 'truncate' as const,
      icon,
      color: this.#colour ? color : uncoloured,
      logger: new ListrLogger({
        useIcons: true,
        toStderr: [],
        processOutput: new ProcessOutput(this.#stream, this.#stream),
      }),
    };
  }
}

function asItIs(message?: string): string {
  return message ?? '';
}
