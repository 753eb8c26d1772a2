import { fileAtDest } from './parts/file-at-dest.ts';
import { SOURCE, text } from './parts/schema.ts';

export const copy = fileAtDest(
  'copy',
  'A file copied byte for byte from the controller, or with the content given.',
  { src: text('The file on the controller.'), source: SOURCE },
);
