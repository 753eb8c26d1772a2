import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Schedule, scheduleWords } from '../../src/resources/parts/schedule-words.ts';

const test = suite('schedules in words');

const WORDS: readonly (readonly [Schedule, string])[] = [
  [{}, 'every minute'],
  [{ minute: 0, hour: 2 }, 'daily at 02:00'],
  [{ minute: '5,35', hour: '2' }, 'daily at 02:05, 02:35'],
  [{ minute: 5 }, 'every hour at :05'],
  [{ minute: '*/15' }, 'every 15 minutes'],
  [{ minute: '*/15', hour: '8-18' }, 'every 15 minutes, in the hours 8-18'],
  [{ minute: '10-20' }, 'at the minutes 10-20 of every hour'],
  [{ minute: 0, hour: '*/6' }, 'at the minutes 0 of every hour, in the hours */6'],
  [{ minute: 0, hour: 3, weekday: 7 }, 'on Sunday at 03:00'],
  [{ minute: 0, hour: 3, weekday: 'mon-fri' }, 'on Monday to Friday at 03:00'],
  [{ minute: 0, hour: 3, day: 1 }, 'on day 1 of the month at 03:00'],
  [{ minute: 0, hour: 3, day: '1,15', weekday: 5 }, 'on day 1, 15 of the month and on Friday at 03:00'],
  [{ minute: 0, hour: 3, month: 'JAN,7' }, 'every day in Jan, Jul at 03:00'],
  [{ minute: '*/5', weekday: 'SAT' }, 'every 5 minutes on Saturday'],
  [{ special: 'reboot' }, 'when the host starts'],
  [{ special: 'hourly' }, 'every hour at :00'],
  [{ special: 'daily' }, 'daily at 00:00'],
  [{ special: 'weekly' }, 'on Sunday at 00:00'],
  [{ special: 'monthly' }, 'on day 1 of the month at 00:00'],
  [{ special: 'yearly' }, 'on day 1 of the month in Jan at 00:00'],
];

for (const [schedule, words] of WORDS)
  test(`${JSON.stringify(schedule)} is ${words}`, () => assert.is(scheduleWords(schedule), words));

test.run();
