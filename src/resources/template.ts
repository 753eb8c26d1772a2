import { fileAtDest } from './parts/file-at-dest.ts';
import { text } from './parts/schema.ts';

export const template = fileAtDest('template', 'A file rendered from a template on the controller.', {
  src: text('The template on the controller; rendered by fanops into `content`.'),
});
