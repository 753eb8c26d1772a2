/** When a job of cron runs. Fields are as cron reads them; "*" when absent. */
export type Schedule = {
  readonly minute?: string | number;
  readonly hour?: string | number;
  readonly day?: string | number;
  readonly month?: string | number;
  readonly weekday?: string | number;
  readonly special?: string;
};

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const SHORT = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** What cron makes of its short forms. */
const SPECIAL: { readonly [special: string]: Schedule } = {
  hourly: { minute: 0 },
  daily: { minute: 0, hour: 0 },
  weekly: { minute: 0, hour: 0, weekday: 0 },
  monthly: { minute: 0, hour: 0, day: 1 },
  yearly: { minute: 0, hour: 0, day: 1, month: 1 },
};

/** A schedule in words, by the clock of the host: "daily at 02:00". */
export function scheduleWords(schedule: Schedule): string {
  if (schedule.special === 'reboot') return 'when the host starts';
  const fields = schedule.special === undefined ? schedule : (SPECIAL[schedule.special] ?? {});
  const days = dayWords(fields);
  const times = timeWords(fields);
  const isOfTheClock = /^at \d\d:/.test(times);
  if (days === '') return isOfTheClock ? `daily ${times}` : times;
  return isOfTheClock ? `${days} ${times}` : `${times} ${days}`;
}

/** Cron runs a job on either, where both the day of the month and that of the week are given. */
function dayWords({ day = '*', month = '*', weekday = '*' }: Schedule): string {
  const ofWeek = isAny(weekday) ? [] : [`on ${listed(weekday, weekdayName)}`];
  const ofMonth = isAny(day) ? [] : [`on day ${listed(day, String)} of the month`];
  const days = [...ofMonth, ...ofWeek].join(' and ');
  if (isAny(month)) return days;
  const months = `in ${listed(month, monthName)}`;
  return days === '' ? `every day ${months}` : `${days} ${months}`;
}

function timeWords({ minute = '*', hour = '*' }: Schedule): string {
  const [minutes, hours] = [numbers(minute), numbers(hour)];
  if (minutes && hours && minutes.length * hours.length <= 4)
    return `at ${hours.flatMap((h) => minutes.map((m) => `${two(h)}:${two(m)}`)).join(', ')}`;
  const when = isAny(hour) ? '' : `, in the hours ${hour}`;
  if (minutes && isAny(hour)) return `every hour at ${minutes.map((m) => `:${two(m)}`).join(', ')}`;
  const step = /^\*\/(\d+)$/.exec(String(minute))?.[1];
  if (step !== undefined) return `every ${step} minutes${when}`;
  return isAny(minute) ? `every minute${when}` : `at the minutes ${minute} of every hour${when}`;
}

function isAny(field: string | number): boolean {
  return field === '*';
}

/** The numbers that a field lists; undefined for ranges and steps. */
function numbers(field: string | number): number[] | undefined {
  const parts = String(field).split(',');
  return parts.every((part) => /^\d+$/.test(part)) ? parts.map(Number) : undefined;
}

function listed(field: string | number, name: (part: string) => string): string {
  return String(field)
    .split(',')
    .map((part) => (part.includes('/') ? part : part.split('-').map(name).join(' to ')))
    .join(', ');
}

function weekdayName(part: string): string {
  const index = SHORT.indexOf(part.toUpperCase());
  return DAYS[index < 0 ? Number(part) : index] ?? part;
}

function monthName(part: string): string {
  const index = MONTHS.indexOf(part.toUpperCase());
  const number = index < 0 ? Number(part) : index + 1;
  const name = MONTHS[number - 1];
  return name === undefined ? part : `${name[0]}${name.slice(1).toLowerCase()}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
