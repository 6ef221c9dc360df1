/** One write at a time, with what went wrong, for a button or a form. */
export class Action {
  busy = $state(false);
  error = $state.raw<unknown>();

  async run(act: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.error = undefined;
    try {
      await act();
      return true;
    } catch (caught) {
      this.error = caught;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
