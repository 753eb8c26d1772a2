/** The host showed a key that we do not accept: never tried again. */
export class HostKeyRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'HostKeyRefused';
  }
}
