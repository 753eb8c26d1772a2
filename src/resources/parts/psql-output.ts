/** A row: columns to texts, or null. */
export type Row = { readonly [column: string]: string | null };

/** Statements that give rows and nothing else. */
const ROWS_ONLY = /^(SELECT|VALUES|TABLE|SHOW|EXPLAIN|FETCH)\b/i;

/** What psql calls a statement that did more: "UPDATE 3", "CREATE TABLE". */
const TAG = /^[A-Z]+(?: [A-Z]+)*(?: \d+)*$/;

/** Of one that gave rows, too, by RETURNING: a row of another statement may be a word like a tag. */
const BEHIND_ROWS = /^(?:INSERT \d+|UPDATE|DELETE|MERGE) \d+$/;

/** Reads what `psql --csv` printed of one statement; `nothing` is how it shows null. */
export function printed(
  sql: string,
  stdout: string,
  nothing: string,
): { readonly rows: readonly Row[]; readonly rowcount: number } {
  const lines = csvRows(stdout);
  const last = lines.at(-1);
  const isTag =
    !ROWS_ONLY.test(sql.trim()) &&
    last?.length === 1 &&
    (lines.length === 1 ? TAG : BEHIND_ROWS).test(last[0] ?? '');
  const [columns = [], ...rows] = isTag ? lines.slice(0, -1) : lines;
  const shown = (text: string | undefined) => (text === nothing ? null : (text ?? ''));
  return {
    rows: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, shown(row[at])]))),
    rowcount: isTag ? Number(/ (\d+)$/.exec(last[0] ?? '')?.[1] ?? 0) : rows.length,
  };
}

/** Rows of fields; a quoted field may hold anything. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length) {
    const [, quoted, plain = '', end] = field.exec(text) ?? [];
    if (end === undefined) throw new Error('expected CSV of psql, found something else');
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
