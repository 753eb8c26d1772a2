/** The lab could not do what it was asked to; the message says what to do. Exit code 3. */
export class LabFailure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LabFailure';
  }
}
