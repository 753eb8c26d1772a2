/** Lines of an INI file, edited: comments, order, indentation and whatever is not named stay as they are. */
export interface IniWish {
  /** Empty: what stands before the first section. */
  readonly section: string;
  /** Key to value; undefined: the key goes. */
  readonly settings: ReadonlyMap<string, string | undefined>;
  /** Between a new key and its value. */
  readonly separator: string;
}

type Lines = readonly string[];
type Edited = Lines | { readonly problem: string };

export function editIni(lines: Lines, wish: IniWish): Edited {
  const range = sectionRange(lines, wish.section);
  if (range === 'twice')
    return { problem: `[${wish.section}] stands there more than once: make it one section by hand first` };
  const wanted = [...wish.settings].filter(([, value]) => value !== undefined);
  if (!range) {
    if (wanted.length === 0) return lines;
    const gap = lines.length > 0 && lines.at(-1)?.trim() !== '' ? [''] : [];
    return editIni([...lines, ...gap, `[${wish.section}]`], wish);
  }
  let own: Lines = lines.slice(range.from, range.to);
  for (const [key, value] of wish.settings) {
    const edited = setKey(own, key, value, wish);
    if ('problem' in edited) return edited;
    own = edited;
  }
  return [...lines.slice(0, range.from), ...own, ...lines.slice(range.to)];
}

/** Takes a section away, with its heading. */
export function withoutSection(lines: Lines, section: string): Edited {
  const range = sectionRange(lines, section);
  if (range === 'twice')
    return { problem: `[${section}] stands there more than once: make it one section by hand first` };
  return range ? [...lines.slice(0, range.from - 1), ...lines.slice(range.to)] : lines;
}

/** From behind the heading to before the next. */
function sectionRange(lines: Lines, section: string): { from: number; to: number } | 'twice' | undefined {
  const headings = lines.flatMap((line, index) => {
    const name = /^\s*\[(.*)\]\s*(?:[#;].*)?$/.exec(line)?.[1];
    return name === undefined ? [] : [{ name: name.trim(), index }];
  });
  if (section === '') return { from: 0, to: headings[0]?.index ?? lines.length };
  const own = headings.filter(({ name }) => name === section);
  if (own.length > 1) return 'twice';
  const [heading] = own;
  if (!heading) return undefined;
  const next = headings.find(({ index }) => index > heading.index);
  return { from: heading.index + 1, to: next?.index ?? lines.length };
}

function setKey(
  lines: Lines,
  key: string,
  value: string | undefined,
  { section, separator }: IniWish,
): Edited {
  const found = lines.flatMap((line, index) => (keyOf(line)?.key === key ? [index] : []));
  if (value === undefined) return lines.filter((_, index) => !found.includes(index));
  if (found.length > 1)
    return {
      problem: `${key} stands ${found.length} times in [${section}]: leave one of them by hand first`,
    };
  const [at] = found;
  if (at === undefined) {
    const end = lines.findLastIndex((line) => line.trim() !== '') + 1;
    return lines.toSpliced(end, 0, `${key}${separator}${value}`);
  }
  const old = keyOf(lines[at] as string);
  return old?.value === value ? lines : lines.with(at, `${old?.before}${value}`);
}

function keyOf(line: string): { key: string; before: string; value: string } | undefined {
  const [, before, key, value] = /^(\s*([^\s#;=:[][^=:]*?)\s*[=:][ \t]*)(.*?)\s*$/.exec(line) ?? [];
  return key === undefined ? undefined : { key, before: before as string, value: value as string };
}
